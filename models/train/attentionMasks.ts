/**
 * What is added to the scores of a span of queries, so that none looks at a token behind it or at another row of its
 * line. The spans are `../onnx/Attention.ts`' choice.
 */
import type { Span } from "../onnx/Attention.ts"
import type { Graph, Tensor } from "../onnx/Graph.ts"
import * as Layout from "../onnx/Layout.ts"

/** Masked scores; far below any real one, and finite so that a fully masked row stays a number. */
const masked = -1e30

/** The causal mask of a span of queries, the last of which looks at the last of its keys: `[to - from, keys]`. */
export const causalMask = (g: Graph, { from, keys, to }: Span): Tensor =>
  g.constant(
    Float32Array.from({ length: (to - from) * keys }, (_, i) =>
      i % keys > keys - to + from + Math.floor(i / keys) ? masked : 0),
    [to - from, keys]
  )

/** The causal mask of each line, closed between its rows: `[batch, 1, 1, to - from, keys]`. */
export const segmentMask = (g: Graph, segments: Tensor, span: Span): Tensor => {
  const { from, keys, to } = span
  const batch = segments.shape[0]!
  const own = Layout.reshape(g, Layout.slice(g, segments, 1, from, to), [batch, 1, 1, to - from, 1])
  const other = Layout.reshape(g, Layout.slice(g, segments, 1, 0, keys), [batch, 1, 1, 1, keys])
  const shape = [batch, 1, 1, to - from, keys]
  const same = g.emit("Equal", [own, other], shape, { type: "bool" })
  return g.emit("Where", [same, causalMask(g, span), g.scalar(masked)], shape)
}

/**
 * The causal mask of rows whose keys are at `keyTokens` `[rows, keys of all]`, without those at `unused`:
 * `[rows, 1, 1, to - from, keys]`.
 */
export const presenceMask = (g: Graph, keyTokens: Tensor, unused: number, span: Span): Tensor => {
  const { from, keys, to } = span
  const rows = keyTokens.shape[0]!
  const seen = Layout.reshape(g, Layout.slice(g, keyTokens, 1, 0, keys), [rows, 1, 1, 1, keys])
  const absent = g.emit("Equal", [seen, g.constant([unused], [], "int32")], seen.shape, { type: "bool" })
  return g.emit("Where", [absent, g.scalar(masked), causalMask(g, span)], [rows, 1, 1, to - from, keys])
}
