/**
 * The output layer of a language model seen from the loss: log-probabilities of given tokens and the gradients of a
 * per-token loss, computed over chunks of rows so that the logits of one chunk at a time exist and their gradient never
 * outlives it. Which loss it is, the caller decides through `slope`.
 */
import { binary, scale, unary } from "./Elementwise.ts"
import type { Graph, Tensor } from "./Graph.ts"
import { concatRows, gatherRows, reshape, sliceRows } from "./Layout.ts"
import { gemm } from "./Matmul.ts"

/** Logits of one chunk: about 25 MB. Twice as much makes nothing faster. */
const chunkElements = 6_500_000

export interface TokenHeadOptions {
  /** Most rows per chunk. Default: as many as keep a chunk of logits near 25 MB, at least 64. */
  readonly chunk?: number
}

const logSoftmax = (g: Graph, logits: Tensor): Tensor =>
  g.emit("LogSoftmax", [logits], logits.shape, { attributes: { axis: -1 } })

interface Chunk {
  readonly from: number
  readonly to: number
  readonly hidden: Tensor
  /** `[rows, 1]` int64. */
  readonly targets: Tensor
  /** Log-probabilities of the whole vocabulary `[rows, vocab]`. */
  readonly logSoftmax: Tensor
  /** Log-probabilities of the targets `[rows]`. */
  readonly logprobs: Tensor
}

const chunksOf = function*(
  g: Graph,
  hidden: Tensor,
  head: Tensor,
  targets: Tensor,
  options: TokenHeadOptions
): Generator<Chunk> {
  const rows = hidden.shape[0]!
  const most = options.chunk ?? Math.max(64, Math.floor(chunkElements / head.shape[0]!))
  const chunk = Math.ceil(rows / Math.ceil(rows / most))
  for (let from = 0; from < rows; from += chunk) {
    const to = Math.min(rows, from + chunk)
    const chunkHidden = sliceRows(g, g.variable(hidden, false), from, to)
    const chunkTargets = reshape(g, sliceRows(g, targets, from, to), [to - from, 1])
    const all = logSoftmax(g, gemm(g, chunkHidden, head, { transposeB: true }))
    const picked = g.emit("GatherElements", [all, chunkTargets], [to - from, 1], { attributes: { axis: 1 } })
    yield {
      from,
      to,
      hidden: chunkHidden,
      targets: chunkTargets,
      logSoftmax: all,
      logprobs: reshape(g, picked, [to - from])
    }
  }
}

/**
 * Log-probabilities `[rows]` of `targets` `[rows]` (int64) given `hidden` `[rows, width]` and the head `[vocab,
 * width]`.
 */
export const tokenLogprobs = (
  g: Graph,
  hidden: Tensor,
  head: Tensor,
  targets: Tensor,
  options: TokenHeadOptions = {}
): Tensor => concatRows(g, Array.from(chunksOf(g, hidden, head, targets, options), (chunk) => chunk.logprobs))

export interface TokenGradients {
  /** `[rows]` */
  readonly logprobs: Tensor
  /** Gradient of `hidden`, `[rows, width]`. */
  readonly hidden: Tensor
  /** Gradient of the head `[vocab, width]`, when it is differentiable. */
  readonly head: Tensor | undefined
}

/**
 * Log-probabilities and gradients of a loss that is a sum over tokens. `slope(logprobs, from, to)` emits dLoss/dlogprob
 * `[to - from]` for the rows of a chunk; with p the softmax and t the target, d hidden = slope · (head[t] − p·head).
 */
export const tokenGradients = (
  g: Graph,
  hidden: Tensor,
  head: Tensor,
  targets: Tensor,
  slope: (logprobs: Tensor, from: number, to: number) => Tensor,
  options: TokenHeadOptions = {}
): TokenGradients => {
  const logprobs: Array<Tensor> = []
  const hiddenParts: Array<Tensor> = []
  let headGradient: Tensor | undefined
  for (const chunk of chunksOf(g, hidden, head, targets, options)) {
    const rows = chunk.to - chunk.from
    const slopes = reshape(g, slope(chunk.logprobs, chunk.from, chunk.to), [rows, 1])
    const probabilities = unary(g, "Exp", chunk.logSoftmax)
    logprobs.push(chunk.logprobs)
    if (head.differentiable) {
      // dLoss/dlogits = slope · (onehot − p), formed once because both products need it.
      const minusOneHot = g.emit(
        "ScatterElements",
        [probabilities, chunk.targets, g.constant(new Float32Array(rows).fill(-1), [rows, 1])],
        probabilities.shape,
        { attributes: { axis: 1, reduction: "add" } }
      )
      const logits = binary(g, "Mul", minusOneHot, scale(g, slopes, -1))
      hiddenParts.push(gemm(g, logits, head))
      headGradient = gemm(g, logits, chunk.hidden, { transposeA: true }, headGradient)
    } else {
      const targetRows = gatherRows(g, head, reshape(g, chunk.targets, [rows]))
      hiddenParts.push(binary(g, "Mul", binary(g, "Sub", targetRows, gemm(g, probabilities, head)), slopes))
    }
  }
  return { logprobs: concatRows(g, logprobs), hidden: concatRows(g, hiddenParts), head: headGradient }
}
