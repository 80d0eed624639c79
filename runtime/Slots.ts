/**
 * Slots: named budgets of concurrency that a node's work counts against (`slot: "gpu"`). How much of it may go on at once
 * is the user's to say (`--slots gpu=1,api=64`); it never enters a key. What one service can take at once is the
 * service's own to bound.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** Places by slot. */
export type Sizes = ReadonlyMap<string, number>

/** Two jobs on one GPU rarely fit its memory; every other slot is unbounded until somebody bounds it. */
export const usual: Sizes = new Map([["gpu", 1]])

export interface Slots {
  /** The effect, once there is a place for it; at once where no slot is named or nobody bounded it. */
  readonly withSlot: <A, E, R>(slot: string | undefined, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** Slots of these sizes, the usual ones where none is given. */
export const make = (sizes: Sizes): Slots => {
  const places = new Map([...usual, ...sizes].map(([slot, size]) => [slot, Semaphore.makeUnsafe(size)]))
  return {
    withSlot: (slot, effect) => {
      const free = slot === undefined ? undefined : places.get(slot)
      return free === undefined ? effect : Semaphore.withPermit(free)(effect)
    }
  }
}

/** Sizes of `gpu=1,api=64`, of several such texts together. Throws an `Error` that says what is expected. */
export const parse = (texts: ReadonlyArray<string>): Sizes =>
  new Map(
    texts.flatMap((text) => text.split(",")).map((one) => {
      const [, slot, size] = /^\s*([^\s=]+)\s*=\s*(\d+)\s*$/.exec(one) ?? []
      if (slot === undefined || Number(size) < 1) {
        throw new Error("slots and how many may be in each at once, for example gpu=1,api=64")
      }
      return [slot, Number(size)] as const
    })
  )
