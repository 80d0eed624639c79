/**
 * Which vertices of a graph wait for which: all that is known of the order of work. It starts nothing.
 */
import type { Vertex } from "./Graph.ts"
import type { Known } from "./Resolver.ts"

export type Inputs = { readonly [port: string]: Known }

export class Schedule {
  readonly knowns = new Map<number, Known>()
  readonly ready: Array<Vertex> = []
  readonly #waiting: Int32Array
  readonly #dependents: ReadonlyArray<Array<Vertex>>

  constructor(vertices: ReadonlyArray<Vertex>) {
    this.#waiting = new Int32Array(vertices.length)
    this.#dependents = vertices.map(() => [])
    for (const vertex of vertices) {
      const above = new Set(Object.values(vertex.inputs))
      this.#waiting[vertex.index] = above.size
      for (const input of above) this.#dependents[input.index]!.push(vertex)
      if (above.size === 0) this.ready.push(vertex)
    }
  }

  settle(vertex: Vertex, known: Known): void {
    this.knowns.set(vertex.index, known)
    for (const dependent of this.#dependents[vertex.index]!) {
      if (--this.#waiting[dependent.index]! === 0) this.ready.push(dependent)
    }
  }

  inputsOf(vertex: Vertex): Inputs {
    const inputs: { [port: string]: Known } = {}
    for (const port in vertex.inputs) inputs[port] = this.knowns.get(vertex.inputs[port]!.index)!
    return inputs
  }

  /** The nearest input that has no result. */
  lacking(vertex: Vertex): Vertex | undefined {
    return Object.values(vertex.inputs).find((input) => !this.knowns.has(input.index))
  }
}
