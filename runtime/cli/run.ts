/**
 * `pipeline run`: its flags, and what lasts as long as the run: the reporter, what the user may say to it (signals, a
 * budget, slots), the cache. The run itself is in `runExperiment.ts`, its end in `runEnding.ts`.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Control from "../Control.ts"
import { Emit, type Event, type Stop } from "../Event.ts"
import * as Session from "../Session.ts"
import * as Reporter from "../terminal/Reporter.ts"
import * as flags from "./flags.ts"
import { Left } from "./Left.ts"
import { tellEnding } from "./runEnding.ts"
import { runExperiment } from "./runExperiment.ts"
import { stoppingWith } from "./signals.ts"

const stale = Flag.Literals("stale", ["ask", "rerun", "accept"]).pipe(
  Flag.withDescription("what to do where only code changed above an expensive node"),
  Flag.withDefault("ask")
)
const frozen = Flag.Boolean("frozen").pipe(
  Flag.withDescription("run nothing: exit 4 and list what is not in the cache"),
  Flag.withDefault(false)
)
const keepGoing = Flag.Boolean("keep-going").pipe(
  Flag.withAlias("k"),
  Flag.withDescription("after a failure, run what does not depend on it"),
  Flag.withDefault(false)
)
const progress = Flag.Literals("progress", ["auto", "live", "plain", "json", "none"]).pipe(
  Flag.withDescription("how progress is shown"),
  Flag.withDefault("auto")
)

/** Says that new work ends; the last line of the run says what is left. */
const stopping = ({ reason, text }: Stop): string =>
  reason === "interrupted"
    ? `${text}: rows in flight are finished, nothing new is started (again: stop at once; finished rows are kept)`
    : `${text}: what runs is finished, nothing new is started`

/** A reporter that is closed with the scope, and when the process ends at once, so that the terminal is as it was. */
const reporting = (mode: Parameters<typeof Reporter.forProcess>[0]) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const reporter = Reporter.forProcess(mode)
      process.once("exit", reporter.close)
      return reporter
    }),
    (reporter) =>
      Effect.sync(() => {
        process.removeListener("exit", reporter.close)
        reporter.close()
      })
  )

export const run = Command.make("run", {
  experiment: flags.file,
  ...flags.shared,
  force: flags.force,
  ...flags.selection,
  ...flags.limits,
  stale,
  frozen,
  keepGoing,
  progress,
  json: flags.json
}, (given) =>
  Effect.gen(function*() {
    const mode = given.json ? "json" : given.progress
    const options = flags.sessionOptions(given)
    const reporter = yield* reporting(mode)
    const left = new Left()
    const emit = (event: Event) => {
      left.apply(event)
      if (event.event === "RunStopped") reporter.log(stopping(event))
      reporter.emit(event)
    }
    const control = yield* Control.make(given)
    yield* stoppingWith(control.stop)
    yield* Effect.gen(function*() {
      const ended = yield* runExperiment(options, given, reporter.log)
      reporter.close()
      yield* tellEnding(ended, left, { json: given.json, told: mode !== "json" && mode !== "none" })
    }).pipe(
      Effect.provideService(Control.Control, control),
      Effect.provideService(Emit, emit),
      Effect.provide(Session.layer(options))
    )
  }).pipe(Effect.scoped)).pipe(Command.withDescription("run what is stale, and print the results"))
