/**
 * Operators that move elements without changing them: reshape, transpose, slices, row gathers, concatenation. Those a
 * gradient passes through record their adjoint; the others are for indices and constants.
 */
import type { Graph, Shape, Tensor } from "./Graph.ts"

/** The same elements in the same order under another shape; unrecorded. */
export const view = (g: Graph, x: Tensor, shape: Shape): Tensor =>
  g.emit("Reshape", [x, g.integers(shape)], shape, { type: x.type })

/** The same elements in the same order under another shape. */
export const reshape = (g: Graph, x: Tensor, shape: Shape): Tensor =>
  g.record(
    [x],
    view(g, x, shape),
    (d) => [reshape(g, d, x.shape)]
  )

/** Axis `i` of the result is axis `permutation[i]` of `x`. */
export const transpose = (g: Graph, x: Tensor, permutation: ReadonlyArray<number>): Tensor => {
  const shape = permutation.map((axis) => x.shape[axis]!)
  const inverse = permutation.map((_, axis) => permutation.indexOf(axis))
  return g.record(
    [x],
    g.emit("Transpose", [x], shape, { attributes: { perm: permutation }, type: x.type }),
    (d) => [transpose(g, d, inverse)]
  )
}

/** Rows `indices` of `table` `[n, ...]`; shape `[...indices, ...]`. No gradient reaches the table. */
export const gatherRows = (g: Graph, table: Tensor, indices: Tensor): Tensor =>
  g.emit("Gather", [table, indices], [...indices.shape, ...table.shape.slice(1)], {
    attributes: { axis: 0 },
    type: table.type
  })

/** Places `from` (inclusive) to `to` (exclusive) of `axis` of `x`. No gradient. */
export const slice = (g: Graph, x: Tensor, axis: number, from: number, to: number): Tensor =>
  from === 0 && to === x.shape[axis] ? x : g.emit(
    "Slice",
    [x, g.integers([from]), g.integers([to]), g.integers([axis])],
    x.shape.with(axis, to - from),
    { type: x.type }
  )

/** Rows `from` (inclusive) to `to` (exclusive) of `x`. No gradient. */
export const sliceRows = (g: Graph, x: Tensor, from: number, to: number): Tensor => slice(g, x, 0, from, to)

/** `parts` one after the other along `axis`. No gradient. */
export const concat = (g: Graph, parts: ReadonlyArray<Tensor>, axis: number): Tensor => {
  const first = parts[0]!
  if (parts.length === 1) return first
  const size = parts.reduce((sum, part) => sum + part.shape[axis]!, 0)
  return g.emit("Concat", parts, first.shape.with(axis, size), { attributes: { axis }, type: first.type })
}

/** `parts` one after the other along the first axis. No gradient. */
export const concatRows = (g: Graph, parts: ReadonlyArray<Tensor>): Tensor => concat(g, parts, 0)
