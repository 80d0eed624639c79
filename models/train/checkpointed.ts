/**
 * Activation checkpointing of one block of a graph: the forward pass keeps the block's input only, the backward pass
 * builds the block again. onnxruntime orders nodes itself, so two dependencies of value zero force the order that saves
 * the memory: the recomputation waits for the incoming gradient (which also keeps the common-subexpression pass from
 * merging it with the forward pass), and the outgoing gradient waits for the block's parameter gradients (which would
 * else be postponed to the end, holding every block's activations until then).
 */
import * as Elementwise from "../onnx/Elementwise.ts"
import type { Graph, Tensor } from "../onnx/Graph.ts"
import { sizeOf } from "../onnx/Graph.ts"
import * as Layout from "../onnx/Layout.ts"

/** A scalar-like tensor `[1, 1]` of value zero that can be computed only after `x`. */
const zeroAfter = (g: Graph, x: Tensor): Tensor => {
  const flat = g.emit("Reshape", [x, g.integers([sizeOf(x.shape)])], [sizeOf(x.shape)])
  const first = g.emit("Reshape", [Layout.sliceRows(g, flat, 0, 1), g.integers([1, 1])], [1, 1])
  return Elementwise.scale(g, first, 0)
}

/**
 * The block `build(x, replace)` with its activations recomputed in the backward pass. `parameters` are the trained
 * tensors it uses; `build` must read each of them through `replace`.
 */
export const checkpointed = (
  g: Graph,
  x: Tensor,
  parameters: ReadonlyArray<Tensor>,
  build: (x: Tensor, replace: (tensor: Tensor) => Tensor) => Tensor
): Tensor => {
  const frozen = build(g.variable(x, false), (tensor) => g.variable(tensor, false))
  return g.record([x, ...parameters], frozen, (d) => {
    const leaves = new Map(parameters.map((parameter) => [parameter, g.variable(parameter, true)]))
    const delayed = g.variable(Elementwise.binary(g, "Add", x, zeroAfter(g, d)), true)
    const output = build(delayed, (tensor) => leaves.get(tensor) ?? tensor)
    const gradients = g.backward([[output, d]])
    const parameterGradients = parameters.map((parameter) => gradients.get(leaves.get(parameter)!)!)
    const finished = parameterGradients
      .map((gradient) => zeroAfter(g, gradient))
      .reduce((sum, zero) => Elementwise.binary(g, "Add", sum, zero), g.constant([0], [1, 1]))
    return [
      x.differentiable ? Elementwise.binary(g, "Add", gradients.get(delayed)!, finished) : undefined,
      ...parameterGradients
    ]
  })
}
