/**
 * Matrix products: the plain and the batched one, and the linear layer of a transformer with frozen or trainable weight
 * and an optional low-rank adapter. Weights keep the Hugging Face layout `[out, in]`; transposes are flags of the
 * kernels, never copies.
 */
import { reduceFirst } from "./Elementwise.ts"
import type { Graph, Tensor } from "./Graph.ts"

export interface ProductOptions {
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  /** Factor of the product. Default: 1. */
  readonly alpha?: number
}

const flag = (value: boolean | undefined): number => value === true ? 1 : 0

/** `alpha · op(a) op(b) + c` of matrices, `op` being an optional transpose; unrecorded. `c` broadcasts. */
export const gemm = (g: Graph, a: Tensor, b: Tensor, options: ProductOptions = {}, c?: Tensor): Tensor => {
  const rows = a.shape[options.transposeA === true ? 1 : 0]!
  const columns = b.shape[options.transposeB === true ? 0 : 1]!
  return g.emit("Gemm", c === undefined ? [a, b] : [a, b, c], [rows, columns], {
    attributes: {
      transA: flag(options.transposeA),
      transB: flag(options.transposeB),
      alpha: { float: options.alpha ?? 1 },
      beta: { float: 1 }
    }
  })
}

/** `alpha · op(a) op(b)` over the last two axes, one product per leading index; unrecorded. */
export const batchedProduct = (g: Graph, a: Tensor, b: Tensor, options: ProductOptions = {}): Tensor => {
  const rows = a.shape.at(options.transposeA === true ? -1 : -2)!
  const columns = b.shape.at(options.transposeB === true ? -2 : -1)!
  return g.emit("FusedMatMul", [a, b], [...a.shape.slice(0, -2), rows, columns], {
    domain: "com.microsoft",
    attributes: {
      transA: flag(options.transposeA),
      transB: flag(options.transposeB),
      alpha: { float: options.alpha ?? 1 }
    }
  })
}

/** A low-rank adapter in PEFT's layout: `a` `[rank, in]`, `b` `[out, rank]`, added as `scale · x aᵀ bᵀ`. */
export interface Adapter {
  readonly a: Tensor
  readonly b: Tensor
  readonly scale: number
}

export interface LinearOptions {
  readonly bias?: Tensor | undefined
  readonly adapter?: Adapter | undefined
}

/**
 * `x wᵀ + bias + scale · x aᵀ bᵀ` for rows `x` `[n, in]` and a weight `[out, in]`. The sums ride on the third operand
 * of the products instead of passing over the rows once more.
 */
export const linear = (g: Graph, x: Tensor, w: Tensor, { adapter, bias }: LinearOptions = {}): Tensor => {
  const dense = gemm(g, x, w, { transposeB: true }, bias)
  const inner = adapter && gemm(g, x, adapter.a, { transposeB: true })
  const y = adapter && inner ? gemm(g, inner, adapter.b, { transposeB: true, alpha: adapter.scale }, dense) : dense
  const inputs = [x, w, ...(bias ? [bias] : []), ...(adapter ? [adapter.a, adapter.b] : [])]
  return g.record(inputs, y, (d) => {
    const dInner = adapter && gemm(g, d, adapter.b, { alpha: adapter.scale })
    const dx = () => dInner ? gemm(g, dInner, adapter!.a, {}, gemm(g, d, w)) : gemm(g, d, w)
    return [
      x.differentiable ? dx() : undefined,
      w.differentiable ? gemm(g, d, x, { transposeA: true }) : undefined,
      ...(bias ? [bias.differentiable ? reduceFirst(g, d) : undefined] : []),
      ...(adapter && inner && dInner ?
        [
          adapter.a.differentiable ? gemm(g, dInner, x, { transposeA: true }) : undefined,
          adapter.b.differentiable ? gemm(g, d, inner, { transposeA: true, alpha: adapter.scale }) : undefined
        ] :
        [])
    ]
  })
}
