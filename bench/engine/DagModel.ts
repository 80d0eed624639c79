/**
 * What the ten layers of `project/dag.ts` must come to, computed apart from the engine.
 */
import type { Workspace } from "./Workspace.ts"

const layers = 10
const modulus = 1_000_000_007

export class DagModel {
  readonly width: number
  /** The integer in each source. */
  readonly sources: Array<number>
  corner = 1
  helper = 1
  alpha = 1

  constructor(width: number) {
    this.width = width
    this.sources = Array.from({ length: width }, (_, i) => (i * 7919 + 13) % 100_003)
  }

  get nodes(): number {
    return layers * this.width
  }

  /** Labels of the last layer. */
  get targets(): ReadonlyArray<string> {
    return Array.from({ length: this.width }, (_, i) => `n${layers - 1}_${i}`)
  }

  /** Nodes that depend on one node, itself included: each layer adds one more to the last one's. */
  below(layer: number): number {
    let sum = 0
    for (let depth = 0; depth < layers - layer; depth++) sum += Math.min(this.width, depth + 1)
    return sum
  }

  writeSources(workspace: Workspace): void {
    for (const [i, value] of this.sources.entries()) workspace.write(`sources/${i}.txt`, `${value}\n`)
  }

  #addend(layer: number, i: number): number {
    if (layer === 7) return this.alpha
    if (layer === 5 && i === 0) return this.helper
    return layer === 9 && i === 0 ? this.corner : 1
  }

  /** Values of the last layer. */
  values(): ReadonlyArray<number> {
    let values: ReadonlyArray<number> = this.sources
    for (let layer = 1; layer < layers; layer++) {
      const parents = values
      values = parents.map((a, i) => (31 * a + 17 * parents[(i + 1) % this.width]! + this.#addend(layer, i)) % modulus)
    }
    return values
  }
}
