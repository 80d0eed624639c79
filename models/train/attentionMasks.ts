/**
 * What is added to the scores of a span of queries, so that none looks at a token behind it or at another row of its
 * line. The spans are `../onnx/Attention.ts`' choice.
 */
import type { Span } from "../onnx/Attention.ts"
import type { Graph, Tensor } from "../onnx/Graph.ts"
import * as Layout from "../onnx/Layout.ts"

/** Masked scores; far below any real one, and finite so that a fully masked row stays a number. */
const masked = -1e30

/** The causal mask of a span of queries: `[to - from, to]`. */
export const causalMask = (g: Graph, { from, to }: Span): Tensor =>
  g.constant(
    Float32Array.from({ length: (to - from) * to }, (_, i) => i % to > from + Math.floor(i / to) ? masked : 0),
    [to - from, to]
  )

/** The causal mask of each line, closed between its rows: `[batch, 1, 1, to - from, to]`. */
export const segmentMask = (g: Graph, segments: Tensor, span: Span): Tensor => {
  const { from, to } = span
  const batch = segments.shape[0]!
  const own = Layout.reshape(g, Layout.slice(g, segments, 1, from, to), [batch, 1, 1, to - from, 1])
  const other = Layout.reshape(g, Layout.slice(g, segments, 1, 0, to), [batch, 1, 1, 1, to])
  const shape = [batch, 1, 1, to - from, to]
  const same = g.emit("Equal", [own, other], shape, { type: "bool" })
  return g.emit("Where", [same, causalMask(g, span), g.scalar(masked)], shape)
}
