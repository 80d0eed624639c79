/**
 * An experiment, run as the flags of `pipeline run` say: opened, narrowed to what is selected, and, with
 * `--stale=accept`, run until nothing is left to accept. What is printed in the end is in `runEnding.ts`.
 */
import * as Effect from "effect/Effect"
import * as Engine from "../Engine.ts"
import { DecisionNeeded } from "../Error.ts"
import type { SelectionOptions } from "../Selection.ts"
import * as Session from "../Session.ts"
import type { Sizes } from "../Slots.ts"
import { acceptAll } from "./acceptance.ts"
import * as flags from "./flags.ts"

export interface RunFlags extends SelectionOptions {
  readonly slots: Sizes
  readonly stale: "ask" | "rerun" | "accept"
  readonly frozen: boolean
  readonly keepGoing: boolean
}

export interface Ended {
  readonly session: Session.Session
  readonly summary: Engine.Summary
}

/** Slots that were given sizes and that no node has: a misspelling changes nothing, so it is said. */
const unusedSlots = ({ plan }: Session.Session, slots: Sizes): ReadonlyArray<string> => {
  const used = new Set(
    plan.graph.vertices.flatMap(({ definition }) => definition.kind === "source" ? [] : definition.slot ?? [])
  )
  return [...slots.keys()].filter((slot) => !used.has(slot)).map((slot) =>
    `--slots: no node of this graph has the slot ${slot} (slots: ${[...used].join(", ") || "none"})`
  )
}

const once = Effect.fnUntraced(
  function*(options: Session.SessionOptions, given: RunFlags, log: (text: string) => void) {
    const session = yield* Session.open(options)
    if (session.opened.swapped.length > 0) {
      log(["rehearsal, with stand-ins:", ...session.opened.swapped.map((line) => `  - ${line}`)].join("\n"))
    }
    for (const line of unusedSlots(session, given.slots)) log(line)
    const summary = yield* Engine.run({
      ...session.plan,
      countRows: false,
      experiment: session.experiment,
      selected: yield* flags.selected(session, given),
      stale: given.stale === "rerun" ? "rerun" : "ask",
      frozen: given.frozen,
      keepGoing: given.keepGoing,
      record: { settings: session.opened.settings }
    })
    return { session, summary } satisfies Ended
  }
)

/** Accepts what would be asked about; yields whether there was anything. */
const accepting = Effect.fnUntraced(
  function*(options: Session.SessionOptions, given: RunFlags, log: (text: string) => void) {
    const labels = yield* acceptAll(options, (session) => flags.selected(session, given))
    if (labels.length > 0) log(`accepted as unchanged: ${labels.join(", ")}`)
    return labels.length > 0
  }
)

/** Runs the experiment; `log` takes lines for people. */
export const runExperiment = Effect.fnUntraced(
  function*(options: Session.SessionOptions, given: RunFlags, log: (text: string) => void) {
    if (given.stale !== "accept") return yield* once(options, given, log)
    yield* accepting(options, given, log)
    let ended = yield* once(options, given, log)
    // what was waiting may turn out only now to differ in nothing but code
    while (
      ended.summary.failures.some((failure) => failure instanceof DecisionNeeded) &&
      (yield* accepting(options, given, log))
    ) ended = yield* once(options, given, log)
    return ended
  }
)
