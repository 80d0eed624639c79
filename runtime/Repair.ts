/**
 * Executes a vertex although something stored was lost: an input whose bytes turn out damaged or gone while it is read
 * is computed again from its own inputs, as far up as it takes. What is not in any input is the caller's to fail with.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { blobsOf } from "../cache/Manifest.ts"
import { Store } from "../cache/Store.ts"
import { isLost, type StoreFailed } from "../cache/StoreFailed.ts"
import { execute, type Executed, type ExecuteError, type ExecuteOptions } from "./Execute.ts"
import type { Vertex } from "./Graph.ts"
import type { Known, Resolved, ResolveError, Resolver } from "./Resolver.ts"

type Inputs = { readonly [port: string]: Known }

/** What one run has made again, by vertex: many may miss one result at once, and it is made once for all of them. */
export class Repairs {
  readonly #locks = new Map<number, Semaphore.Semaphore>()
  readonly #made = new Map<number, Known>()

  /** The result of `remake`, or of the one before if that can be read. */
  once<E, R>(vertex: Vertex, remake: Effect.Effect<Known, E, R>): Effect.Effect<Known, E | StoreFailed, R | Store> {
    const lock = this.#locks.get(vertex.index) ?? Semaphore.makeUnsafe(1)
    this.#locks.set(vertex.index, lock)
    return Semaphore.withPermit(lock)(Effect.gen({ self: this }, function*() {
      const before = this.#made.get(vertex.index)
      if (before !== undefined && (yield* isReadable(before))) return before
      const known = yield* remake
      this.#made.set(vertex.index, known)
      return known
    }))
  }
}

export interface RepairOptions extends ExecuteOptions {
  readonly resolver: Resolver
  readonly repairs: Repairs
  /** The inputs a vertex had in this run. */
  readonly inputsOf: (vertex: Vertex) => Inputs
  /** Told before a lost result is computed again, and after. */
  readonly onLost: (vertex: Vertex, resolved: Resolved) => void
  readonly onRemade: (vertex: Vertex, resolved: Resolved, done: Executed) => void
}

/** Why a result that was fresh is computed again. */
export const lostReason = "its result in the cache was damaged or is gone"

/** Whether a result can be read: a value's bytes are, of tables and folders it is asked only whether they are there. */
export const isReadable = Effect.fnUntraced(function*({ manifest }: Known) {
  const store = yield* Store
  if (manifest === undefined) return true
  if (!(yield* store.holds(manifest))) return false
  return manifest.kind !== "value" || (yield* Effect.isSuccess(store.readValue(manifest)))
})

/** Computes a result that was lost, from what its vertex had as inputs. */
const remake = (
  vertex: Vertex,
  options: RepairOptions
): Effect.Effect<Known, ExecuteError | ResolveError, Store | Scope.Scope> =>
  options.repairs.once(
    vertex,
    Effect.gen(function*() {
      const inputs = options.inputsOf(vertex)
      const resolved = yield* options.resolver.resolve(vertex, inputs)
      options.onLost(vertex, resolved)
      const done = yield* executeWhole(vertex, resolved, inputs, options)
      options.onRemade(vertex, resolved, done)
      return done.known
    })
  )

/** Executes in a scope that ends at once when that fails: the claim on the key must be free for another attempt. */
const attempt = Effect.fnUntraced(function*(
  vertex: Vertex,
  resolved: Resolved,
  inputs: Inputs,
  options: RepairOptions
) {
  const scope = yield* Effect.flatMap(Effect.scope, (outer) => Scope.fork(outer))
  return yield* execute(vertex, resolved, inputs, options).pipe(
    Scope.provide(scope),
    Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(scope, exit))
  )
})

/** `execute`, with inputs that turn out lost made again. Each loss is mended once: one that returns is a failing disk. */
export const executeWhole = (
  vertex: Vertex,
  resolved: Resolved,
  inputs: Inputs,
  options: RepairOptions,
  mended: ReadonlySet<string> = new Set()
): Effect.Effect<Executed, ExecuteError | ResolveError, Store | Scope.Scope> =>
  Effect.catchIf(attempt(vertex, resolved, inputs, options), isLost, (lost) =>
    Effect.gen(function*() {
      const found = Object.entries(inputs).find(([, { manifest }]) =>
        manifest !== undefined && blobsOf(manifest).includes(lost.digest)
      )
      if (found === undefined || mended.has(lost.digest)) return yield* lost
      const [port, before] = found
      const known = yield* remake(vertex.inputs[port]!, options)
      const now = { ...inputs, [port]: known }
      // one that is not the same again makes another key
      const again = known.content === before.content ? resolved : yield* options.resolver.resolve(vertex, now)
      return yield* executeWhole(vertex, again, now, options, new Set([...mended, lost.digest]))
    }))
