/**
 * Rotary positions and causal grouped-query attention with hand-derived adjoints, for whole sequences (training and
 * scoring). Decoding with a cache uses onnxruntime's fused operator instead.
 */
import { binary, reduceLast } from "./Elementwise.ts"
import type { Graph, Tensor } from "./Graph.ts"
import { batchedProduct } from "./Matmul.ts"

/** Cosines and sines `[length, headDim / 2]`, and the negated sines that undo the rotation. */
export interface RopeTables {
  readonly cos: Tensor
  readonly sin: Tensor
  readonly negatedSin: Tensor
}

/**
 * Rotates `x` `[batch, heads, length, headDim]` by `positions` `[batch, length]`; the adjoint of a rotation turns back.
 */
export const rotary = (g: Graph, x: Tensor, positions: Tensor, tables: RopeTables): Tensor => {
  const rotate = (value: Tensor, sin: Tensor) =>
    g.emit("RotaryEmbedding", [value, positions, tables.cos, sin], value.shape, {
      domain: "com.microsoft",
      attributes: { interleaved: 0 }
    })
  return g.record([x], rotate(x, tables.sin), (d) => [rotate(d, tables.negatedSin)])
}

/**
 * Softmax attention. `q` is `[batch, kvHeads, group · length, headDim]`: the query heads that share a key head are
 * stacked, so keys and values are neither repeated nor their gradients summed afterwards. `k` and `v` are
 * `[batch, kvHeads, length, headDim]`; `mask`, `[length, length]` or `[batch, 1, 1, length, length]`, is added to the
 * scores.
 */
export const attention = (g: Graph, q: Tensor, k: Tensor, v: Tensor, mask: Tensor): Tensor => {
  const [batch, kvHeads, stacked, headDim] = q.shape as [number, number, number, number]
  const length = k.shape[2]!
  const alpha = 1 / Math.sqrt(headDim)
  const scores = batchedProduct(g, q, k, { transposeB: true, alpha })
  const unstacked = [batch, kvHeads, stacked / length, length, length]
  const as = (x: Tensor, shape: ReadonlyArray<number>) => g.emit("Reshape", [x, g.integers(shape)], shape)
  const masked = as(binary(g, "Add", as(scores, unstacked), mask), scores.shape)
  const p = g.emit("Softmax", [masked], scores.shape, { attributes: { axis: -1 } })
  const o = batchedProduct(g, p, v)
  return g.record([q, k, v], o, (d) => {
    // Row sums of p·dp equal row sums of d·o, which are headDim wide instead of length.
    const rowSums = reduceLast(g, "ReduceSum", binary(g, "Mul", d, o))
    const ds = binary(g, "Mul", p, binary(g, "Sub", batchedProduct(g, d, v, { transposeB: true }), rowSums))
    return [
      q.differentiable ? batchedProduct(g, ds, k, { alpha }) : undefined,
      k.differentiable ? batchedProduct(g, ds, q, { transposeA: true, alpha }) : undefined,
      v.differentiable ? batchedProduct(g, p, d, { transposeA: true }) : undefined
    ]
  })
}
