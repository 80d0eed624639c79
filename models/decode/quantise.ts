/**
 * Weights of linear maps as 8-bit integers in blocks with one scale each, in the layout of onnxruntime's `MatMulNBits`.
 * Which maps are computed that way is `decodeGraph.ts`' business.
 */

/** Values per scale, along a row. */
export const blockSize = 32
/** The byte that means 0. */
const zero = 128

/** A quantised matrix `[rows, columns]`; the last block of a row is filled up with zeros. */
export interface QuantisedMatrix {
  /** `[rows, blocks, blockSize]`, each 128 more than its integer. */
  readonly values: Uint8Array<ArrayBuffer>
  /** `[rows, blocks]` */
  readonly scales: Float32Array<ArrayBuffer>
}

/** Blocks of a row of `columns` values. */
export const blocksOf = (columns: number): number => Math.ceil(columns / blockSize)

/**
 * Quantises `matrix` `[rows, columns]`: in each block the largest magnitude becomes ±127 and the others the nearest
 * integers, so no value is off by more than half a scale.
 */
export const quantise = (matrix: Float32Array, columns: number): QuantisedMatrix => {
  const rows = matrix.length / columns
  const blocks = blocksOf(columns)
  const values = new Uint8Array(rows * blocks * blockSize).fill(zero)
  const scales = new Float32Array(rows * blocks)
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const from = row * columns + block * blockSize
      const to = Math.min(from + blockSize, (row + 1) * columns)
      let largest = 0
      for (let i = from; i < to; i++) largest = Math.max(largest, Math.abs(matrix[i]!))
      if (largest === 0) continue
      const place = row * blocks + block
      scales[place] = largest / 127
      const inverse = 127 / largest
      const target = place * blockSize - from
      for (let i = from; i < to; i++) values[target + i] = Math.round(matrix[i]! * inverse) + zero
    }
  }
  return { values, scales }
}

/** The rows of all `matrices`, one after the other. */
export const joined = (matrices: ReadonlyArray<QuantisedMatrix>): QuantisedMatrix => {
  const [first] = matrices
  if (matrices.length === 1) return first!
  const length = (key: "values" | "scales") => matrices.reduce((sum, matrix) => sum + matrix[key].length, 0)
  const values = new Uint8Array(length("values"))
  const scales = new Float32Array(length("scales"))
  let [at, scaleAt] = [0, 0]
  for (const matrix of matrices) {
    values.set(matrix.values, at)
    scales.set(matrix.scales, scaleAt)
    at += matrix.values.length
    scaleAt += matrix.scales.length
  }
  return { values, scales }
}
