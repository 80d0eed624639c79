/**
 * The version of the embedded engine's results, for cache keys: it changes when the same request to the same model may
 * give other tokens, log-probabilities or trained weights. A test of pinned outputs fails when they change and this
 * does not. The version of onnxruntime is part of it.
 */

export const engineVersion = "embedded-1"
