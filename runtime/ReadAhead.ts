/**
 * Which row nodes begin before their input table is there: those whose other inputs are, while the row node above them is
 * at work. They take its rows as they are done, so that consecutive row nodes work as a pipeline and only tables wait.
 * Reading ahead fills the row log and decides nothing: the node itself runs later, over the finished table, and finds its
 * rows there.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { Store } from "../cache/Store.ts"
import { Control } from "./Control.ts"
import { type NodeDefinition, rowsPort } from "./Definition.ts"
import type { ExecuteOptions, OpenRows } from "./Execute.ts"
import type { Vertex } from "./Graph.ts"
import { sideOf } from "./Inputs.ts"
import { type KeyParts, rowFunctionKey } from "./Key.ts"
import type { Known, Resolver } from "./Resolver.ts"
import { RowRun } from "./RowEngine.ts"

export interface ReadAheadOptions extends ExecuteOptions {
  readonly resolver: Resolver
  /** Row nodes that this run may execute, by the index of the vertex whose rows they read. */
  readonly readersOf: (vertex: Vertex) => ReadonlyArray<Vertex>
  /** Results so far. */
  readonly knowns: ReadonlyMap<number, Known>
  /** Whether a node may spend before it is certain that it must run. */
  readonly mayBegin: (vertex: Vertex, parts: KeyParts) => Effect.Effect<boolean, never, Store>
}

interface Ahead {
  readonly run: RowRun
  readonly rowFunction: string
  readonly scope: Scope.Closeable
}

/** The row runs of one run of a graph. Everything ends with `scope`. */
export class ReadAhead {
  readonly #options: ReadAheadOptions
  readonly #scope: Scope.Scope
  readonly #ahead = new Map<number, Ahead>()

  constructor(options: ReadAheadOptions, scope: Scope.Scope) {
    this.#options = options
    this.#scope = scope
  }

  /** The row run of a node that executes now: the one that was reading ahead, or a new one. Its readers begin with it. */
  readonly open: OpenRows = (vertex, parts, side, options) =>
    Effect.gen({ self: this }, function*() {
      const ahead = this.#ahead.get(vertex.index)
      this.#ahead.delete(vertex.index)
      if (ahead !== undefined) yield* Effect.addFinalizer((exit) => Scope.close(ahead.scope, exit))
      // a side input that was made anew since makes it another function
      const usable = ahead !== undefined && ahead.rowFunction === rowFunctionKey(parts) && !options.force
      const run = usable ? ahead.run : yield* RowRun.open(vertex, parts, side, options)
      yield* this.#beginReaders(vertex, run)
      return run
    })

  #beginReaders(above: Vertex, run: RowRun): Effect.Effect<void, never, Store> {
    return Effect.forEach(this.#options.readersOf(above), (vertex) => this.#begin(vertex, run), { discard: true })
  }

  /** Opens a reader and lets it follow. What fails here is told when the node itself runs. */
  #begin(vertex: Vertex, above: RowRun): Effect.Effect<void, never, Store> {
    const { forced, knowns, mayBegin, resolver } = this.#options
    const known = this.#ahead.get(vertex.index)
    if (known !== undefined) return Effect.sync(() => known.run.follow(above))
    const sides = Object.entries(vertex.inputs).filter(([port]) => port !== rowsPort)
    if (forced.has(vertex.label) || !sides.every(([, input]) => knowns.has(input.index))) return Effect.void
    const begin = Effect.gen({ self: this }, function*() {
      const parts = yield* resolver.functionParts(vertex)
      if (!(yield* mayBegin(vertex, parts))) return
      const scope = yield* Scope.fork(this.#scope)
      const side = yield* sideOf(
        vertex,
        Object.fromEntries(sides.map(([port, input]) => [port, knowns.get(input.index)!]))
      )
      const control = yield* Control
      const services = yield* Effect.context<never>()
      const run = yield* RowRun.open(vertex, parts, side, { control, services, force: false }).pipe(
        Scope.provide(scope),
        Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(scope, exit))
      )
      run.follow(above)
      this.#ahead.set(vertex.index, { run, rowFunction: rowFunctionKey(parts), scope })
      yield* this.#beginReaders(vertex, run)
    })
    return Effect.ignore(begin) as Effect.Effect<void, never, Store>
  }
}

/** The row nodes that read the rows of a vertex. */
export const readersIn = (vertices: ReadonlyArray<Vertex>) => {
  const readers = new Map<number, Array<Vertex>>()
  for (const vertex of vertices) {
    if ((vertex.definition as NodeDefinition).kind !== "rows") continue
    const above = vertex.inputs[rowsPort]!
    readers.set(above.index, [...(readers.get(above.index) ?? []), vertex])
  }
  return (vertex: Vertex): ReadonlyArray<Vertex> => readers.get(vertex.index) ?? []
}
