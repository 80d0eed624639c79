/**
 * The pointwise blocks of a llama layer with hand-derived adjoints: root-mean-square normalisation and the SwiGLU gate.
 */
import { binary, reduceFirst, reduceLast, scale, unary } from "./Elementwise.ts"
import type { Graph, Tensor } from "./Graph.ts"

/**
 * `gain · x / √(mean(x²) + epsilon)` over the last axis of rows `x` `[n, hidden]`. The adjoint computes 1/rms again:
 * the kernel's second output would give it, but is wrong with onnxruntime's WebGPU provider.
 */
export const rmsNorm = (g: Graph, x: Tensor, gain: Tensor, epsilon: number): Tensor => {
  const y = g.emit("SimplifiedLayerNormalization", [x, gain], x.shape, {
    attributes: { axis: -1, epsilon: { float: epsilon }, stash_type: 1 }
  })
  return g.record([x, gain], y, (d) => {
    const width = x.shape.at(-1)!
    const meanSquare = scale(g, reduceLast(g, "ReduceSumSquare", x), 1 / width)
    const inverse = unary(g, "Reciprocal", unary(g, "Sqrt", binary(g, "Add", meanSquare, g.scalar(epsilon))))
    const along = scale(g, reduceLast(g, "ReduceSum", binary(g, "Mul", d, y)), 1 / width)
    const pull = binary(g, "Mul", binary(g, "Mul", inverse, inverse), along)
    const dx = () => binary(g, "Sub", binary(g, "Mul", binary(g, "Mul", d, gain), inverse), binary(g, "Mul", x, pull))
    const dGain = () => reduceFirst(g, binary(g, "Mul", binary(g, "Mul", d, x), inverse))
    return [x.differentiable ? dx() : undefined, gain.differentiable ? dGain() : undefined]
  })
}

/** `silu(gate) · up`. With s = σ(gate) and a = gate·s the derivative of a is s + a − a·s. */
export const swiglu = (g: Graph, gate: Tensor, up: Tensor): Tensor => {
  const sigmoid = unary(g, "Sigmoid", gate)
  const activated = binary(g, "Mul", gate, sigmoid)
  return g.record([gate, up], binary(g, "Mul", activated, up), (d) => {
    const slope = binary(g, "Sub", binary(g, "Add", sigmoid, activated), binary(g, "Mul", activated, sigmoid))
    return [binary(g, "Mul", binary(g, "Mul", d, up), slope), binary(g, "Mul", d, activated)]
  })
}
