/**
 * Where the tokens of a training graph lie, seen from its layers: everything but attention works on a flat list of
 * tokens, and what attention needs besides is known here. The layouts are `lineLayout.ts` and `prefixLayout.ts`.
 */
import type { Tensor } from "../onnx/Graph.ts"

export interface TokenLayout {
  /** Tokens of a run, padding included. */
  readonly tokens: number
  /** Positions of a run whose next token is a target, padding included. */
  readonly targets: number
  /**
   * What the tokens attend to, `[tokens, heads · headDim]`, from their queries of that shape and their keys and values
   * `[tokens, kvHeads · headDim]`.
   */
  readonly attention: (q: Tensor, k: Tensor, v: Tensor) => Tensor
  /** The rows of `x` `[tokens, width]` that have a target: `[targets, width]`. */
  readonly targetRows: (x: Tensor) => Tensor
}
