/**
 * Floating-point operations of the matrix products that a graph computes: recomputed ones are among them, those that no
 * output needs are not. A product of `[m, k]` and `[k, n]` has 2·m·n·k.
 */
import { Graph, sizeOf } from "../../models/onnx/Graph.ts"

const products = new Set(["Gemm", "MatMul", "FusedMatMul"])

/** The operations in the products of the graph that `build` makes. */
export const productFlops = (build: () => Graph): number => {
  const emitMany = Graph.prototype.emitMany
  const flopsOf = new Map<string, number>()
  Graph.prototype.emitMany = function(op, inputs, shapes, options) {
    const outputs = emitMany.call(this, op, inputs, shapes, options)
    if (products.has(op)) {
      const { shape } = inputs[0]!
      const transposed = options?.attributes?.["transA"] === 1
      const shared = shape.at(transposed ? -2 : -1)!
      flopsOf.set(outputs[0]!.name, 2 * shared * sizeOf(shapes[0]!))
    }
    return outputs
  }
  try {
    return build().neededNodes().reduce((total, { outputs }) => total + (flopsOf.get(outputs[0]!) ?? 0), 0)
  } finally {
    Graph.prototype.emitMany = emitMany
  }
}
