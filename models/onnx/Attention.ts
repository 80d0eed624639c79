/**
 * Rotary positions and causal grouped-query attention with hand-derived adjoints, for whole sequences (training and
 * scoring). Decoding with a cache uses onnxruntime's fused operator instead.
 */
import { binary, reduceLast } from "./Elementwise.ts"
import type { Graph, Tensor } from "./Graph.ts"
import * as Layout from "./Layout.ts"
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

/** Query positions that are computed together, `to` exclusive; they look at no key from `to` on. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Long enough for fast products; of rows four times as long three eighths of the scores are left out. */
const spanLength = 128

/** The spans in which the queries of rows of `length` tokens are computed. */
export const querySpans = (length: number): ReadonlyArray<Span> =>
  Array.from({ length: Math.ceil(length / spanLength) }, (_, i) => ({
    from: i * spanLength,
    to: Math.min((i + 1) * spanLength, length)
  }))

/**
 * Queries of a span with what is added to their scores: `[to - from, to]` or `[batch, 1, 1, to - from, to]`, far below
 * zero where a query does not look at a key.
 */
export interface MaskedSpan extends Span {
  readonly mask: Tensor
}

const reshaped = (g: Graph, x: Tensor, shape: ReadonlyArray<number>): Tensor =>
  g.emit("Reshape", [x, g.integers(shape)], shape)

/** The rows of a span among those of a whole group, `[batch, kvHeads, group · length, headDim]`. */
const spanRows = (g: Graph, x: Tensor, length: number, { from, to }: Span): Tensor => {
  if (to - from === length) return x
  const [batch, kvHeads, stacked, headDim] = x.shape as [number, number, number, number]
  const group = stacked / length
  const apart = reshaped(g, x, [batch, kvHeads, group, length, headDim])
  return reshaped(g, Layout.slice(g, apart, 3, from, to), [batch, kvHeads, group * (to - from), headDim])
}

/** The rows of a whole group from those of its spans: undoes `spanRows`. */
const joinSpans = (g: Graph, parts: ReadonlyArray<Tensor>, spans: ReadonlyArray<Span>, group: number): Tensor => {
  if (parts.length === 1) return parts[0]!
  const [batch, kvHeads, , headDim] = parts[0]!.shape as [number, number, number, number]
  const apart = parts.map((part, i) =>
    reshaped(g, part, [batch, kvHeads, group, spans[i]!.to - spans[i]!.from, headDim])
  )
  return reshaped(g, Layout.concat(g, apart, 3), [batch, kvHeads, group * spans.at(-1)!.to, headDim])
}

/** The sum of one `[batch, kvHeads, to, headDim]` per span, as if zeros followed each. */
const addPrefixes = (g: Graph, prefixes: ReadonlyArray<Tensor>, spans: ReadonlyArray<Span>): Tensor => {
  const sums = spans.map(({ from, to }, i) =>
    prefixes.slice(i)
      .map((prefix) => Layout.slice(g, prefix, 2, from, to))
      .reduce((sum, part) => binary(g, "Add", sum, part))
  )
  return Layout.concat(g, sums, 2)
}

/**
 * Causal softmax attention. `q` is `[batch, kvHeads, group · length, headDim]`: the query heads that share a key head
 * are stacked, so keys and values are neither repeated nor their gradients summed afterwards. `k` and `v` are
 * `[batch, kvHeads, length, headDim]`. `spans` cover `length`; nothing is computed for the keys behind a span.
 */
export const attention = (
  g: Graph,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  spans: ReadonlyArray<MaskedSpan>
): Tensor => {
  const [batch, kvHeads, stacked, headDim] = q.shape as [number, number, number, number]
  const length = k.shape[2]!
  const group = stacked / length
  const alpha = 1 / Math.sqrt(headDim)
  const parts = spans.map((span) => {
    const queries = spanRows(g, q, length, span)
    const keys = Layout.slice(g, k, 2, 0, span.to)
    const values = Layout.slice(g, v, 2, 0, span.to)
    const scores = batchedProduct(g, queries, keys, { transposeB: true, alpha })
    const apart = reshaped(g, scores, [batch, kvHeads, group, span.to - span.from, span.to])
    const masked = reshaped(g, binary(g, "Add", apart, span.mask), scores.shape)
    const p = g.emit("Softmax", [masked], scores.shape, { attributes: { axis: -1 } })
    return { span, queries, keys, values, p, o: batchedProduct(g, p, values) }
  })
  const output = joinSpans(g, parts.map(({ o }) => o), spans, group)
  return g.record([q, k, v], output, (gradient) => {
    const adjoints = parts.map(({ keys, o, p, queries, span, values }) => {
      const d = spanRows(g, gradient, length, span)
      // Row sums of p·dp equal row sums of d·o, which are headDim wide instead of as many as there are keys.
      const rowSums = reduceLast(g, "ReduceSum", binary(g, "Mul", d, o))
      const dp = batchedProduct(g, d, values, { transposeB: true })
      const ds = binary(g, "Mul", p, binary(g, "Sub", dp, rowSums))
      return {
        q: () => batchedProduct(g, ds, keys, { alpha }),
        k: () => batchedProduct(g, ds, queries, { transposeA: true, alpha }),
        v: () => batchedProduct(g, p, d, { transposeA: true })
      }
    })
    return [
      q.differentiable ? joinSpans(g, adjoints.map((adjoint) => adjoint.q()), spans, group) : undefined,
      k.differentiable ? addPrefixes(g, adjoints.map((adjoint) => adjoint.k()), spans) : undefined,
      v.differentiable ? addPrefixes(g, adjoints.map((adjoint) => adjoint.v()), spans) : undefined
    ]
  })
}
