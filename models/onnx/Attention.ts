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
 * Rotates `x`, `[batch, heads, length, headDim]` or `[batch, length, heads · headDim]`, by `positions` `[batch, length]`;
 * the adjoint of a rotation turns back.
 */
export const rotary = (g: Graph, x: Tensor, positions: Tensor, tables: RopeTables): Tensor => {
  const rotate = (value: Tensor, sin: Tensor) =>
    g.emit("RotaryEmbedding", [value, positions, tables.cos, sin], value.shape, {
      domain: "com.microsoft",
      attributes: { interleaved: 0 }
    })
  return g.record([x], rotate(x, tables.sin), (d) => [rotate(d, tables.negatedSin)])
}

/** Query positions that are computed together, `to` exclusive, and how many keys they look at, from the first on. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly keys: number
}

/** Long enough for fast products; of rows four times as long three eighths of the scores are left out. */
const spanLength = 128

/** The spans in which the queries of rows of `length` tokens are computed; `before` keys precede the first query's. */
export const querySpans = (length: number, before = 0): ReadonlyArray<Span> =>
  Array.from({ length: Math.ceil(length / spanLength) }, (_, i) => {
    const to = Math.min((i + 1) * spanLength, length)
    return { from: i * spanLength, to, keys: before + to }
  })

/**
 * Queries of a span with what is added to their scores: `[to - from, keys]` or `[batch, 1, 1, to - from, keys]`, far
 * below zero where a query does not look at a key.
 */
export interface MaskedSpan extends Span {
  readonly mask: Tensor
}

/** The rows of a span among those of a whole group, `[batch, kvHeads, group · length, headDim]`. */
const spanRows = (g: Graph, x: Tensor, length: number, { from, to }: Span): Tensor => {
  if (to - from === length) return x
  const [batch, kvHeads, stacked, headDim] = x.shape as [number, number, number, number]
  const group = stacked / length
  const apart = Layout.view(g, x, [batch, kvHeads, group, length, headDim])
  return Layout.view(g, Layout.slice(g, apart, 3, from, to), [batch, kvHeads, group * (to - from), headDim])
}

/** The rows of a whole group from those of its spans: undoes `spanRows`. */
const joinSpans = (g: Graph, parts: ReadonlyArray<Tensor>, spans: ReadonlyArray<Span>, group: number): Tensor => {
  if (parts.length === 1) return parts[0]!
  const [batch, kvHeads, , headDim] = parts[0]!.shape as [number, number, number, number]
  const apart = parts.map((part, i) =>
    Layout.view(g, part, [batch, kvHeads, group, spans[i]!.to - spans[i]!.from, headDim])
  )
  return Layout.view(g, Layout.concat(g, apart, 3), [batch, kvHeads, group * spans.at(-1)!.to, headDim])
}

/** The sum of one `[batch, kvHeads, keys, headDim]` per span, as if zeros followed each. */
const addPrefixes = (g: Graph, prefixes: ReadonlyArray<Tensor>, spans: ReadonlyArray<Span>): Tensor => {
  const sums = spans.map(({ keys }, i) =>
    prefixes.slice(i)
      .map((prefix) => Layout.slice(g, prefix, 2, i === 0 ? 0 : spans[i - 1]!.keys, keys))
      .reduce((sum, part) => binary(g, "Add", sum, part))
  )
  return Layout.concat(g, sums, 2)
}

/** What attention gives, and how gradients go back through it; each is computed when it is asked for. */
export interface Attended {
  readonly output: Tensor
  readonly adjoint: (gradient: Tensor) => { readonly [operand in "q" | "k" | "v"]: () => Tensor }
}

/**
 * Softmax attention, unrecorded. `q` is `[batch, kvHeads, group · queries, headDim]`: the query heads that share a key
 * head are stacked, so keys and values are neither repeated nor their gradients summed afterwards. `k` and `v` are
 * `[batch, kvHeads, keys, headDim]`. `spans` cover the queries; nothing is computed for the keys behind a span.
 */
export const attend = (
  g: Graph,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  spans: ReadonlyArray<MaskedSpan>
): Attended => {
  const [batch, kvHeads, stacked, headDim] = q.shape as [number, number, number, number]
  const length = spans.at(-1)!.to
  const group = stacked / length
  const alpha = 1 / Math.sqrt(headDim)
  const parts = spans.map((span) => {
    const queries = spanRows(g, q, length, span)
    const keys = Layout.slice(g, k, 2, 0, span.keys)
    const values = Layout.slice(g, v, 2, 0, span.keys)
    const scores = batchedProduct(g, queries, keys, { transposeB: true, alpha })
    const apart = Layout.view(g, scores, [batch, kvHeads, group, span.to - span.from, span.keys])
    const masked = Layout.view(g, binary(g, "Add", apart, span.mask), scores.shape)
    const p = g.emit("Softmax", [masked], scores.shape, { attributes: { axis: -1 } })
    return { span, queries, keys, values, p, o: batchedProduct(g, p, values) }
  })
  const adjoint = (gradient: Tensor) => {
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
    return {
      q: () => joinSpans(g, adjoints.map((part) => part.q()), spans, group),
      k: () => addPrefixes(g, adjoints.map((part) => part.k()), spans),
      v: () => addPrefixes(g, adjoints.map((part) => part.v()), spans)
    }
  }
  return { output: joinSpans(g, parts.map(({ o }) => o), spans, group), adjoint }
}

/** `attend` with its adjoint recorded. */
export const attention = (
  g: Graph,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  spans: ReadonlyArray<MaskedSpan>
): Tensor => {
  const { adjoint, output } = attend(g, q, k, v, spans)
  return g.record([q, k, v], output, (d) => {
    const back = adjoint(d)
    return [
      q.differentiable ? back.q() : undefined,
      k.differentiable ? back.k() : undefined,
      v.differentiable ? back.v() : undefined
    ]
  })
}
