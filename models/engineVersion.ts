/**
 * The versions of the embedded engine's results, for cache keys. A new onnxruntime may bring about a change, too. Tests
 * of pinned outputs fail when results change and these do not.
 */

/** It changes whenever the same request to the same model may give other tokens or log-probabilities. */
export const engineVersion = "embedded-1"

/**
 * It changes with the version above, and whenever the same job may give other trained weights. Since 2 attention over
 * rows longer than 128 tokens adds up in another order.
 */
export const trainingVersion = "embedded-2"
