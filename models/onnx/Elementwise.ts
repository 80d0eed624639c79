/**
 * Arithmetic on corresponding elements, with numpy broadcasting, and the reductions its adjoints need. The unrecorded
 * operators (`binary`, `unary`, `reduceLast`) are the vocabulary in which the other families write their adjoints.
 */
import type { Graph, Shape, Tensor } from "./Graph.ts"
import { sizeOf } from "./Graph.ts"
import { reshape } from "./Layout.ts"

const broadcastShape = (a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1
    const y = b[b.length - rank + i] ?? 1
    if (x !== y && x !== 1 && y !== 1) throw new Error(`Shapes [${a}] and [${b}] do not broadcast (axis ${i}).`)
    return Math.max(x, y)
  })
}

/** An elementwise operator of two operands, unrecorded. */
export const binary = (g: Graph, op: "Add" | "Sub" | "Mul" | "Min" | "Max", a: Tensor, b: Tensor): Tensor =>
  g.emit(op, [a, b], broadcastShape(a.shape, b.shape))

/** An elementwise operator of one operand, unrecorded. */
export const unary = (g: Graph, op: "Neg" | "Exp" | "Sqrt" | "Reciprocal" | "Sigmoid", x: Tensor): Tensor =>
  g.emit(op, [x], x.shape)

/** `x` times a number, unrecorded. */
export const scale = (g: Graph, x: Tensor, factor: number): Tensor => binary(g, "Mul", x, g.scalar(factor))

/** Sum over the last axis, kept with size 1; unrecorded. */
export const reduceLast = (g: Graph, op: "ReduceSum" | "ReduceSumSquare", x: Tensor): Tensor =>
  g.emit(op, [x, g.integers([x.shape.length - 1])], [...x.shape.slice(0, -1), 1], { attributes: { keepdims: 1 } })

/** Sum over the first axis; unrecorded. */
export const reduceFirst = (g: Graph, x: Tensor): Tensor =>
  g.emit("ReduceSum", [x, g.integers([0])], x.shape.slice(1), { attributes: { keepdims: 0 } })

/** Sum of all elements, a scalar; unrecorded. */
export const total = (g: Graph, x: Tensor): Tensor => g.emit("ReduceSum", [x], [], { attributes: { keepdims: 0 } })

/** The gradient of a broadcast operand: summed over the axes along which it was repeated. */
const unbroadcast = (g: Graph, gradient: Tensor, operand: Tensor): Tensor => {
  if (sizeOf(gradient.shape) === sizeOf(operand.shape)) {
    return gradient.shape.length === operand.shape.length ? gradient : reshape(g, gradient, operand.shape)
  }
  const added = gradient.shape.length - operand.shape.length
  const axes = gradient.shape.flatMap((size, i) =>
    i < added || (operand.shape[i - added] === 1 && size !== 1) ? [i] : []
  )
  const summed = g.emit(
    "ReduceSum",
    [gradient, g.integers(axes)],
    gradient.shape.map((size, i) => axes.includes(i) ? 1 : size),
    { attributes: { keepdims: 1 } }
  )
  return added === 0 ? summed : reshape(g, summed, operand.shape)
}

export const add = (g: Graph, a: Tensor, b: Tensor): Tensor =>
  g.record([a, b], binary(g, "Add", a, b), (d) => [
    a.differentiable ? unbroadcast(g, d, a) : undefined,
    b.differentiable ? unbroadcast(g, d, b) : undefined
  ])

export const subtract = (g: Graph, a: Tensor, b: Tensor): Tensor =>
  g.record([a, b], binary(g, "Sub", a, b), (d) => [
    a.differentiable ? unbroadcast(g, d, a) : undefined,
    b.differentiable ? unbroadcast(g, unary(g, "Neg", d), b) : undefined
  ])

export const multiply = (g: Graph, a: Tensor, b: Tensor): Tensor =>
  g.record([a, b], binary(g, "Mul", a, b), (d) => [
    a.differentiable ? unbroadcast(g, binary(g, "Mul", d, b), a) : undefined,
    b.differentiable ? unbroadcast(g, binary(g, "Mul", d, a), b) : undefined
  ])

export const exp = (g: Graph, x: Tensor): Tensor => {
  const y = unary(g, "Exp", x)
  return g.record([x], y, (d) => [binary(g, "Mul", d, y)])
}

const select = (g: Graph, condition: Tensor, a: Tensor, b: Tensor): Tensor =>
  g.emit("Where", [condition, a, b], condition.shape)

/** `x` limited to `[low, high]`; the gradient outside the interval is zero. */
export const clip = (g: Graph, x: Tensor, low: number, high: number): Tensor => {
  const y = g.emit("Clip", [x, g.scalar(low), g.scalar(high)], x.shape)
  return g.record([x], y, (d) => [select(g, g.emit("Equal", [x, y], x.shape, { type: "bool" }), d, g.scalar(0))])
}

/** The smaller (or larger) operand, of equal shapes; a tie sends the gradient to `a`. */
const extremum =
  (op: "Min" | "Max", comparison: "LessOrEqual" | "GreaterOrEqual") => (g: Graph, a: Tensor, b: Tensor): Tensor => {
    const y = binary(g, op, a, b)
    return g.record([a, b], y, (d) => {
      const first = g.emit(comparison, [a, b], y.shape, { type: "bool" })
      return [
        a.differentiable ? select(g, first, d, g.scalar(0)) : undefined,
        b.differentiable ? select(g, first, g.scalar(0), d) : undefined
      ]
    })
  }

export const minimum = extremum("Min", "LessOrEqual")

export const maximum = extremum("Max", "GreaterOrEqual")

/** `a` where `condition` holds, else `b`, of equal shapes. */
export const where = (g: Graph, condition: Tensor, a: Tensor, b: Tensor): Tensor =>
  g.record([a, b], select(g, condition, a, b), (d) => [
    a.differentiable ? select(g, condition, d, g.scalar(0)) : undefined,
    b.differentiable ? select(g, condition, g.scalar(0), d) : undefined
  ])
