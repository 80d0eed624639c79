/**
 * The version of the embedded engine's results, for cache keys. It changes whenever the same request to the same model
 * may give other tokens, log-probabilities or trained weights, which a new onnxruntime may bring about, too. A test of
 * pinned outputs fails when they change and this does not.
 */

export const engineVersion = "embedded-1"
