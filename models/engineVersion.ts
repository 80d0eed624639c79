/**
 * The versions of the embedded engine's results, for cache keys. A new onnxruntime may bring about a change, too. Tests
 * of pinned outputs fail when results change and these do not.
 */

/**
 * It changes whenever the same request to the same model may give other tokens or log-probabilities. Since 2
 * probabilities are computed in float32, in the graph.
 */
export const engineVersion = "embedded-2"

/**
 * It changes with the version above, and whenever the same job may give other trained weights. Since 2 attention over
 * rows longer than 128 tokens adds up in another order; since 3 GRPO samples with packed weights and computes a prompt
 * once for all its answers, and the head's chunks are of one size.
 */
export const trainingVersion = "embedded-3"
