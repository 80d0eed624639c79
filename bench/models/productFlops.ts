/**
 * Floating-point operations of the matrix products in a graph: counted from the nodes that its builder emits, so that
 * recomputed ones are among them. A product of `[m, k]` and `[k, n]` has 2·m·n·k.
 */
import { Graph, sizeOf } from "../../models/onnx/Graph.ts"

const products = new Set(["Gemm", "MatMul", "FusedMatMul"])

/** The operations in the products that `build` emits into graphs. */
export const productFlops = (build: () => unknown): number => {
  const emitMany = Graph.prototype.emitMany
  let total = 0
  Graph.prototype.emitMany = function(op, inputs, shapes, options) {
    if (products.has(op)) {
      const { shape } = inputs[0]!
      const transposed = options?.attributes?.["transA"] === 1
      const shared = shape.at(transposed ? -2 : -1)!
      total += 2 * shared * sizeOf(shapes[0]!)
    }
    return emitMany.call(this, op, inputs, shapes, options)
  }
  try {
    build()
  } finally {
    Graph.prototype.emitMany = emitMany
  }
  return total
}
