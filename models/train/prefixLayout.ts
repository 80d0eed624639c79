/**
 * Tokens of rows that share prefixes, such as several answers to one prompt: a prefix is computed once, and each of its
 * rows attends to it and to itself. The list of tokens holds those of all prefixes, then those of all rows, each part
 * with its padding at the end; only attention pads every row. Which token goes where is `packPrefixes.ts`' choice.
 */
import type { LlamaConfig } from "../Llama.ts"
import * as Attention from "../onnx/Attention.ts"
import { binary } from "../onnx/Elementwise.ts"
import { type Graph, sizeOf, type Tensor } from "../onnx/Graph.ts"
import * as Layout from "../onnx/Layout.ts"
import { gemm } from "../onnx/Matmul.ts"
import { causalMask, presenceMask } from "./attentionMasks.ts"
import { ropeConstants } from "./lineLayout.ts"
import type { TokenLayout } from "./TokenLayout.ts"

/** The static shape of a run over rows with shared prefixes; every size includes padding. */
export interface PrefixShape {
  readonly prefixes: number
  /** Longer than the longest prefix. */
  readonly prefixLength: number
  /** Tokens of all prefixes, the last of them padding. */
  readonly prefixTokens: number
  readonly rows: number
  /** Tokens of the longest row, without its prefix. */
  readonly rowLength: number
  /** Tokens of all rows. Each has a target: the token after it. */
  readonly targets: number
}

/** Cells for attention, a line for each prefix or row: `[lines, length]`. */
interface Cells {
  readonly lines: number
  readonly length: number
  /** The token in each cell, the last prefix token where there is none. */
  readonly tokens: Tensor
}

/** Indices of head vectors, which are `[tokens, count, headDim]` in the list and `[lines, count, length, headDim]` in cells. */
interface HeadIndices {
  readonly count: number
  /** Where in the list the vectors of cells are, `[lines, count, length]`. */
  readonly prefixes: Tensor
  readonly rows: Tensor
  /** Of a row's prefix and the row. */
  readonly keys: Tensor
  /** Where in the cells of all prefixes and then all rows the vectors of tokens are, `[tokens, count]`. */
  readonly tokens: Tensor
}

const integer = (g: Graph, value: number): Tensor => g.constant([value], [], "int32")

const compute = (g: Graph, op: "Add" | "Sub" | "Mul" | "Div", a: Tensor, b: Tensor, shape = a.shape): Tensor =>
  g.emit(op, [a, b], shape, { type: "int32" })

/** 0, 1, …, `count` - 1, each times `factor`. */
const multiples = (g: Graph, count: number, factor: number, shape: ReadonlyArray<number>): Tensor =>
  g.constant(Float64Array.from({ length: count }, (_, i) => i * factor), shape, "int32")

const vectorsOfCells = (g: Graph, { length, lines, tokens }: Cells, count: number): Tensor => {
  const first = Layout.view(g, compute(g, "Mul", tokens, integer(g, count)), [lines, 1, length])
  return compute(g, "Add", first, multiples(g, count, 1, [count, 1]), [lines, count, length])
}

/** Cell line · length + i has its vectors at (line · count + head) · length + i. */
const vectorsOfTokens = (g: Graph, cells: Tensor, length: number, count: number): Tensor => {
  const tokens = sizeOf(cells.shape)
  const line = compute(g, "Div", cells, integer(g, length))
  const first = compute(g, "Add", cells, compute(g, "Mul", line, integer(g, (count - 1) * length)))
  const apart = Layout.view(g, first, [tokens, 1])
  return compute(g, "Add", apart, multiples(g, count, length, [1, count]), [tokens, count])
}

/** The inputs that say where tokens are, and what follows from them for every layer. */
class Places {
  readonly prefixes: Cells
  readonly rows: Cells
  readonly keys: Cells
  /** 1 where a row has a prefix, else 0: `[prefixes, rows]`. */
  readonly membership: Tensor
  readonly #g: Graph
  /** The cell of each token, counted through all prefixes and then all rows. */
  readonly #cells: Tensor

  constructor(g: Graph, { prefixes, prefixLength, prefixTokens, rowLength, rows, targets }: PrefixShape) {
    const input = (name: string, shape: ReadonlyArray<number>) =>
      Layout.view(g, g.input(name, [sizeOf(shape)], "int32"), shape)
    const prefixOf = g.input("prefixOf", [rows], "int32")
    this.#g = g
    this.#cells = g.input("cells", [prefixTokens + targets], "int32")
    this.prefixes = { lines: prefixes, length: prefixLength, tokens: input("prefixCells", [prefixes, prefixLength]) }
    this.rows = { lines: rows, length: rowLength, tokens: input("rowCells", [rows, rowLength]) }
    const shared = Layout.gatherRows(g, this.prefixes.tokens, prefixOf)
    const tokens = Layout.concat(g, [shared, this.rows.tokens], 1)
    this.keys = { lines: rows, length: prefixLength + rowLength, tokens }
    const shape = [prefixes, rows]
    const same = g.emit("Equal", [multiples(g, prefixes, 1, [prefixes, 1]), prefixOf], shape, { type: "bool" })
    this.membership = g.emit("Where", [same, g.scalar(1), g.scalar(0)], shape)
  }

  indices(count: number): HeadIndices {
    const g = this.#g
    const { length, lines } = this.prefixes
    const inRows = compute(g, "Sub", this.#cells, integer(g, lines * length))
    const ofPrefixes = vectorsOfTokens(g, this.#cells, length, count)
    const ofRows = vectorsOfTokens(g, inRows, this.rows.length, count)
    const behind = compute(g, "Add", ofRows, integer(g, lines * length * count))
    const inPrefix = g.emit("Less", [inRows, integer(g, 0)], inRows.shape, { type: "bool" })
    return {
      count,
      prefixes: vectorsOfCells(g, this.prefixes, count),
      rows: vectorsOfCells(g, this.rows, count),
      keys: vectorsOfCells(g, this.keys, count),
      tokens: g.emit("Where", [Layout.view(g, inPrefix, [...inRows.shape, 1]), ofPrefixes, behind], behind.shape, {
        type: "int32"
      })
    }
  }
}

/** Attention over a list of tokens whose queries and keys are rotated already. */
const sharedAttention = (g: Graph, config: LlamaConfig, shape: PrefixShape) => {
  const { headDim, heads, kvHeads } = config
  const { prefixLength, prefixTokens, rowLength } = shape
  const places = new Places(g, shape)
  const queries = places.indices(heads)
  const keys = places.indices(kvHeads)
  const prefixSpans = Attention.querySpans(prefixLength).map((span) => ({ ...span, mask: causalMask(g, span) }))
  const rowSpans = Attention.querySpans(rowLength, prefixLength).map((span) => ({
    ...span,
    mask: presenceMask(g, places.keys.tokens, prefixTokens - 1, span)
  }))
  /** Head vectors of a list. */
  const vectors = (x: Tensor) => Layout.view(g, x, [sizeOf(x.shape) / headDim, headDim])
  const gather = (x: Tensor, indices: Tensor) => Layout.gatherRows(g, vectors(x), indices)
  const stacked = (x: Tensor, indices: Tensor) => {
    const [lines, count, length] = indices.shape as [number, number, number]
    return Layout.view(g, gather(x, indices), [lines, kvHeads, count / kvHeads * length, headDim])
  }
  /** The list of tokens again, from the cells of prefixes and rows. */
  const listed = (prefixes: Tensor, rows: Tensor, { count, tokens }: HeadIndices) => {
    const all = Layout.concatRows(g, [vectors(prefixes), vectors(rows)])
    return Layout.view(g, Layout.gatherRows(g, all, tokens), [tokens.shape[0]!, count * headDim])
  }
  /** Gradients of keys or values: those that rows have for their prefix are added up. */
  const added = (prefixes: Tensor, rows: Tensor) => {
    const ofPrefix = Layout.slice(g, rows, 2, 0, prefixLength)
    const flat = Layout.view(g, ofPrefix, [shape.rows, kvHeads * prefixLength * headDim])
    const sums = Layout.view(g, gemm(g, places.membership, flat), prefixes.shape)
    const own = Layout.slice(g, rows, 2, prefixLength, prefixLength + rowLength)
    return listed(binary(g, "Add", prefixes, sums), own, keys)
  }
  return (q: Tensor, k: Tensor, v: Tensor): Tensor => {
    const attended = [
      Attention.attend(
        g,
        stacked(q, queries.prefixes),
        gather(k, keys.prefixes),
        gather(v, keys.prefixes),
        prefixSpans
      ),
      Attention.attend(g, stacked(q, queries.rows), gather(k, keys.keys), gather(v, keys.keys), rowSpans)
    ] as const
    const output = listed(attended[0].output, attended[1].output, queries)
    return g.record([q, k, v], output, (d) => {
      // Cells without a token read the gradient of the last prefix token, which is zero since nothing looks at it.
      const ofPrefixes = attended[0].adjoint(stacked(d, queries.prefixes))
      const ofRows = attended[1].adjoint(stacked(d, queries.rows))
      return [
        q.differentiable ? listed(ofPrefixes.q(), ofRows.q(), queries) : undefined,
        k.differentiable ? added(ofPrefixes.k(), ofRows.k()) : undefined,
        v.differentiable ? added(ofPrefixes.v(), ofRows.v()) : undefined
      ]
    })
  }
}

/**
 * The layout of `shape`. **Inputs**: `positions` `[tokens]` int64, each token's place in its sequence; `prefixCells`
 * `[prefixes · prefixLength]` and `rowCells` `[rows · rowLength]` int32, the token in each cell, `prefixTokens - 1`
 * where there is none; `cells` `[tokens]` int32, the cell of each token, `prefixLength - 1` (which has no token) for
 * padding; `prefixOf` `[rows]` int32.
 */
export const prefixLayout = (g: Graph, config: LlamaConfig, shape: PrefixShape): TokenLayout => {
  const { prefixLength, prefixTokens, rowLength, targets } = shape
  const tokens = prefixTokens + targets
  const positions = Layout.view(g, g.input("positions", [tokens], "int64"), [tokens, 1])
  const rope = ropeConstants(g, config, prefixLength + rowLength)
  const attention = sharedAttention(g, config, shape)
  // each token is a sequence of its own: one of all tokens would be longer than the table
  const rotated = (x: Tensor) =>
    Layout.reshape(g, Attention.rotary(g, Layout.reshape(g, x, [tokens, 1, x.shape[1]!]), positions, rope), x.shape)
  return {
    tokens,
    targets,
    attention: (q, k, v) => attention(rotated(q), rotated(k), v),
    targetRows: (x) =>
      g.record([x], Layout.sliceRows(g, x, prefixTokens, tokens), (d) => [
        g.emit("Pad", [d, g.integers([prefixTokens, 0, 0, 0])], x.shape)
      ])
  }
}
