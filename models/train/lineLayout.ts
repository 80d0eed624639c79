/**
 * Tokens on lines of one length: `batch` sequences side by side, or with packing several on a line.
 */
import type { LlamaConfig } from "../Llama.ts"
import { ropeTables } from "../Llama.ts"
import * as Attention from "../onnx/Attention.ts"
import type { Graph, Tensor } from "../onnx/Graph.ts"
import * as Layout from "../onnx/Layout.ts"
import { causalMask, segmentMask } from "./attentionMasks.ts"
import type { TokenLayout } from "./TokenLayout.ts"

/** The static shape of a run over lines. */
export interface LineShape {
  /** Sequences per run. */
  readonly batch: number
  /** Tokens per sequence, padding included. */
  readonly length: number
  /** Positions per run whose next token is a target (or padding of weight 0). */
  readonly targets: number
  /** Rows share lines: `positions` and `segments` say where each token belongs. */
  readonly packing?: boolean
}

/** Cosines and sines of `length` positions as constants. */
export const ropeConstants = (g: Graph, config: LlamaConfig, length: number): Attention.RopeTables => {
  const { cos, sin } = ropeTables(config, length)
  const table = (values: Float32Array) => g.constant(values, [length, config.headDim / 2])
  return { cos: table(cos), sin: table(sin), negatedSin: table(sin.map((x) => -x)) }
}

/** What tokens attend to on lines that begin at given positions and are masked by given spans. */
const lineAttention = (
  g: Graph,
  config: LlamaConfig,
  { batch, length }: LineShape,
  { positions, spans }: { readonly positions: Tensor; readonly spans: ReadonlyArray<Attention.MaskedSpan> }
): TokenLayout["attention"] => {
  const { headDim, heads, kvHeads } = config
  const rope = ropeConstants(g, config, length)
  const split = (rows: Tensor, count: number) =>
    Layout.transpose(g, Layout.reshape(g, rows, [batch, length, count, headDim]), [0, 2, 1, 3])
  const rotated = (rows: Tensor, count: number) => Attention.rotary(g, split(rows, count), positions, rope)
  return (q, k, v) => {
    const queries = Layout.reshape(g, rotated(q, heads), [batch, kvHeads, heads / kvHeads * length, headDim])
    const attended = Attention.attention(g, queries, rotated(k, kvHeads), split(v, kvHeads), spans)
    const apart = Layout.reshape(g, attended, [batch, heads, length, headDim])
    return Layout.reshape(g, Layout.transpose(g, apart, [0, 2, 1, 3]), [batch * length, heads * headDim])
  }
}

/**
 * The layout of `shape`. **Inputs**: with packing `positions` (int64) and `segments` (int32) `[batch · length]`;
 * `headRows` `[targets]` int64, the tokens before targets, and with `backward` `headInverse` `[batch · length]` int64,
 * the place of each among them, `targets` where it has none.
 */
export const lineLayout = (g: Graph, config: LlamaConfig, shape: LineShape, backward: boolean): TokenLayout => {
  const { batch, length, targets } = shape
  const spans = Attention.querySpans(length)
  const lines = (name: string, type: "int64" | "int32") =>
    Layout.reshape(g, g.input(name, [batch * length], type), [batch, length])
  const onLines = () => {
    const positions = Float64Array.from({ length: batch * length }, (_, i) => i % length)
    return {
      positions: g.constant(positions, [batch, length], "int64"),
      spans: spans.map((span) => ({ ...span, mask: causalMask(g, span) }))
    }
  }
  const inSegments = () => {
    const positions = lines("positions", "int64")
    const segments = lines("segments", "int32")
    return { positions, spans: spans.map((span) => ({ ...span, mask: segmentMask(g, segments, span) })) }
  }
  const attention = lineAttention(g, config, shape, shape.packing === true ? inSegments() : onLines())
  const headRows = g.input("headRows", [targets], "int64")
  const headInverse = backward ? g.input("headInverse", [batch * length], "int64") : undefined
  return {
    tokens: batch * length,
    targets,
    attention,
    // The adjoint is a gather too, through the inverse index, so nothing is scattered.
    targetRows: (x) => {
      const output = Layout.gatherRows(g, x, headRows)
      if (headInverse === undefined) return output
      // A row that has no target is sent to the place behind the last one, where zeros lie.
      const zeros = g.constant(new Float32Array(x.shape[1]!), [1, x.shape[1]!])
      return g.record([x], output, (d) => [Layout.gatherRows(g, Layout.concatRows(g, [d, zeros]), headInverse)])
    }
  }
}
