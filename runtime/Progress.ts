/**
 * How far a long node body is, reported from inside it and shown live; the engine says where it goes. Never in a key.
 */
import * as Context from "effect/Context"

/** `done` of `total` in the body's own unit, with a few words such as a loss. */
export interface Progress {
  readonly done: number
  readonly total: number
  readonly detail?: string
}

export const Report = Context.Reference<(progress: Progress) => void>("sinternal/runtime/Progress", {
  defaultValue: () => () => undefined
})
