/**
 * The per-token losses a training graph can minimise, written as graph operators: weighted cross entropy and the
 * clipped policy objective of GRPO. How tokens add up (mean over tokens, over sequences, Dr. GRPO) is in the token
 * weights, which `advantage.ts` computes.
 */
import * as Elementwise from "../onnx/Elementwise.ts"
import type { Graph, Tensor } from "../onnx/Graph.ts"

/** Cross entropy: `−weight · logprob`. */
export interface CrossEntropyLoss {
  readonly kind: "ce"
}

/**
 * GRPO: with r = exp(logprob − old) and A the advantage, `weight · max(−A r, −A clip(r, 1 − clipLow, 1 + clipHigh))`;
 * where A < 0 at most `−A · dualClip` if given; plus `klCoefficient · k3(reference − logprob)`.
 */
export interface GrpoLoss {
  readonly kind: "grpo"
  readonly clipLow: number
  readonly clipHigh: number
  readonly dualClip?: number
  /** 0 leaves the reference log-probabilities out of the graph. */
  readonly klCoefficient: number
}

export type TokenLoss = CrossEntropyLoss | GrpoLoss

/** Per-token inputs of a loss besides the log-probabilities, all `[tokens]` float32. */
export interface TokenLossInputs {
  readonly weights: Tensor
  readonly oldLogprobs?: Tensor
  readonly advantages?: Tensor
  readonly referenceLogprobs?: Tensor
}

/** verl's guards against overflow: log-ratios to ±20, one token's KL estimate to ±10. */
const logRatioLimit = 20
const klLimit = 10
const unbounded = 1e30

/** Declares the inputs of `loss` for `tokens` tokens. */
export const tokenLossInputs = (g: Graph, loss: TokenLoss, tokens: number): TokenLossInputs => ({
  weights: g.input("weights", [tokens]),
  ...(loss.kind === "grpo" && {
    oldLogprobs: g.input("oldLogprobs", [tokens]),
    advantages: g.input("advantages", [tokens])
  }),
  ...(loss.kind === "grpo" && loss.klCoefficient !== 0 && { referenceLogprobs: g.input("referenceLogprobs", [tokens]) })
})

/** −A·dualClip where A < 0, else no bound. */
const dualClipBound = (g: Graph, advantages: Tensor, dualClip: number): Tensor =>
  Elementwise.where(
    g,
    g.emit("Less", [advantages, g.scalar(0)], advantages.shape, { type: "bool" }),
    Elementwise.scale(g, advantages, -dualClip),
    g.scalar(unbounded)
  )

const policyLoss = (g: Graph, loss: GrpoLoss, logprobs: Tensor, old: Tensor, advantages: Tensor): Tensor => {
  const logRatio = Elementwise.clip(g, Elementwise.subtract(g, logprobs, old), -logRatioLimit, logRatioLimit)
  const ratio = Elementwise.exp(g, logRatio)
  const negated = Elementwise.scale(g, advantages, -1)
  const clipped = Elementwise.maximum(
    g,
    Elementwise.multiply(g, ratio, negated),
    Elementwise.multiply(g, Elementwise.clip(g, ratio, 1 - loss.clipLow, 1 + loss.clipHigh), negated)
  )
  return loss.dualClip === undefined ?
    clipped :
    Elementwise.minimum(g, clipped, dualClipBound(g, advantages, loss.dualClip))
}

/** The k3 estimator of KL(policy ‖ reference): e^d − d − 1 with d = reference − logprob. Source: Schulman 2020. */
const klEstimate = (g: Graph, logprobs: Tensor, reference: Tensor): Tensor => {
  const d = Elementwise.clip(g, Elementwise.subtract(g, reference, logprobs), -logRatioLimit, logRatioLimit)
  const k3 = Elementwise.subtract(g, Elementwise.subtract(g, Elementwise.exp(g, d), d), g.scalar(1))
  return Elementwise.clip(g, k3, -klLimit, klLimit)
}

/** The weighted loss of each token `[tokens]`, recorded on the tape of `g` as a function of `logprobs`. */
export const tokenLoss = (g: Graph, loss: TokenLoss, logprobs: Tensor, inputs: TokenLossInputs): Tensor => {
  if (loss.kind === "ce") return Elementwise.multiply(g, logprobs, Elementwise.scale(g, inputs.weights, -1))
  const policy = policyLoss(g, loss, logprobs, inputs.oldLogprobs!, inputs.advantages!)
  const objective = inputs.referenceLogprobs === undefined ? policy : Elementwise.add(
    g,
    policy,
    Elementwise.multiply(g, klEstimate(g, logprobs, inputs.referenceLogprobs), g.scalar(loss.klCoefficient))
  )
  return Elementwise.multiply(g, objective, inputs.weights)
}
