/**
 * What a user can say to a run that is under way: stop (a signal, a budget), how many failed rows are enough, how much may
 * go on at once. One reference that the engine, the row engine and services read; nothing of it enters a key. Stopping is
 * graceful: nothing new starts, what runs ends, and the same command goes on later.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Budget, overText, spentText } from "./Budget.ts"
import type { Stop } from "./Event.ts"
import * as Slots from "./Slots.ts"
import type { Usage } from "./Usage.ts"

export interface Control extends Slots.Slots {
  /** Why nothing new may start; undefined while it may. Cheap: asked before every row. */
  readonly stopped: () => Stop | undefined
  /** Ends when the run is stopped, and not before. */
  readonly whenStopped: Effect.Effect<Stop>
  /** Asks the run to stop; the first reason stays. */
  readonly stop: (stop: Stop) => void
  /** Counts against the budget, also what failed attempts cost. */
  readonly spend: (usage: Usage) => void
  /** US dollars counted so far. */
  readonly spent: () => number
  /** After so many failed rows of a node none of its rows is started: the cause is rarely the row. */
  readonly maxFailures: number
}

export interface ControlOptions {
  readonly budget?: Budget
  readonly maxFailures?: number
  readonly slots?: Slots.Sizes
}

/** Something that was about to start when the run was stopped: neither done nor failed. The next run does it. */
export class Stopped extends Schema.TaggedError<Stopped>()("Stopped", { text: Schema.String }) {
  override get message() {
    return `not started: ${this.text}; run the same command again to go on`
  }
}

const usualMaxFailures = 16

/** Never stops. */
const unbounded: Control = {
  stopped: () => undefined,
  whenStopped: Effect.never,
  stop: () => undefined,
  spend: () => undefined,
  spent: () => 0,
  maxFailures: usualMaxFailures,
  ...Slots.make(new Map())
}

/** The control of the run under way. Without one nothing stops it, and only the usual slots bound it. */
export const Control = Context.Reference<Control>("sinternal/runtime/Control", { defaultValue: () => unbounded })

/** The control of one run, whose time begins now. The clock of its budget ends with the scope. */
export const make = Effect.fnUntraced(function*(options: ControlOptions) {
  const { budget = {}, maxFailures = usualMaxFailures, slots = new Map() } = options
  const reached = yield* Deferred.make<Stop>()
  let stopped: Stop | undefined
  let spent = 0
  const stop = (asked: Stop) => {
    if (stopped !== undefined) return
    stopped = asked
    Deferred.doneUnsafe(reached, Effect.succeed(asked))
  }
  const { seconds, usd } = budget
  if (seconds !== undefined) {
    const over = Effect.sync(() => stop({ reason: "budget", text: overText(seconds) }))
    yield* Effect.forkScoped(Effect.delay(over, `${seconds} seconds`))
  }
  const control: Control = {
    stopped: () => stopped,
    whenStopped: Deferred.await(reached),
    stop,
    spend: (usage) => {
      spent += usage.usd
      if (usd !== undefined && spent >= usd) stop({ reason: "budget", text: spentText(usd, spent) })
    },
    spent: () => spent,
    maxFailures,
    ...Slots.make(slots)
  }
  return control
})
