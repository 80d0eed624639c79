/**
 * `pipeline log [RUN]`: what a run said while it ran, from its event log; reads the cache only, also while the run goes
 * on.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RunRecord } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { ExperimentInvalid } from "../Error.ts"
import { eventsFrom, type Logged } from "../EventLog.ts"
import { runNamed, runsOf } from "../history/runNamed.ts"
import { didYouMean } from "../nearestName.ts"
import * as RunFacts from "../RunFacts.ts"
import { logLines } from "../terminal/logText.ts"
import { styleFor } from "../terminal/style.ts"
import * as flags from "./flags.ts"
import { cacheHere } from "./here.ts"
import { columnsOf, print, say } from "./output.ts"

const run = Argument.String("run").pipe(
  Argument.withDescription("a run as `ls --runs` names it, shortened, or latest~1 (default: the latest)"),
  Argument.optional
)
const node = Flag.String("node").pipe(Flag.withDescription("only events of this node"), Flag.optional)
const follow = Flag.Boolean("follow").pipe(
  Flag.withAlias("f"),
  Flag.withDescription("go on as the run does, until it ends"),
  Flag.withDefault(false)
)
const experiment = Flag.String("experiment").pipe(
  Flag.withDescription("only this experiment's runs, for example experiments/quickstart"),
  Flag.optional
)

/** How often a log that is followed is looked at again. */
const look = "300 millis"

const isOf = (label: string | undefined) => ({ event }: Logged): boolean =>
  label === undefined || ("label" in event && event.label === label)

/** Prints events as they come; `startedMs` of the first one is zero on its clock. */
const printer = (label: string | undefined, json: boolean) => {
  const options = {
    width: process.stdout.isTTY ? columnsOf(process.stdout) : Infinity,
    style: styleFor(process.stdout)
  }
  let startedMs: number | undefined
  return (events: ReadonlyArray<Logged>): void => {
    startedMs ??= events[0]?.atMs
    const wanted = events.filter(isOf(label))
    const lines = json ? wanted.map(({ line }) => line) : wanted.flatMap((one) => logLines(one, startedMs!, options))
    if (lines.length > 0) print(lines.join("\n"))
  }
}

const refuse = (record: RunRecord, events: ReadonlyArray<Logged>, label: string | undefined) => {
  const what = `run ${record.run}`
  if (events.length === 0) {
    return new ExperimentInvalid({
      experiment: what,
      reason: "it has no event log",
      next: "a run writes one as it goes on; `pipeline ls --runs` lists the runs there are"
    })
  }
  const labels = [...new Set(events.flatMap(({ event }) => "label" in event ? [event.label] : []))]
  return label === undefined || labels.includes(label) ? undefined : new ExperimentInvalid({
    experiment: what,
    reason: `it says nothing of a node ${label}`,
    next: `${didYouMean(label, labels)}nodes: ${labels.join(", ")}`
  })
}

const ended = (events: ReadonlyArray<Logged>): boolean => events.at(-1)?.event.event === "RunFinished"

/** What a run that wrote no end has come to. */
const endOf = (record: RunRecord): string | undefined =>
  ({
    killed: "the run was killed; finished rows are kept, run the same command again to go on",
    unfinished: "the run has written no end; it may be going on elsewhere"
  } as { readonly [state: string]: string })[RunFacts.stateOf(record)]

export const log = Command.make(
  "log",
  { run, node, follow, experiment, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const store = yield* Store
      const runs = runsOf(yield* store.listRuns(), Option.getOrUndefined(given.experiment))
      const record = yield* Effect.try({
        try: () => runNamed(runs, Option.getOrElse(given.run, () => "latest")),
        catch: (error) => error as ExperimentInvalid
      })
      const label = Option.getOrUndefined(given.node)
      const show = printer(label, given.json)
      let read: ReadonlyArray<Logged> = []
      for (let from = 0, going = true; going;) {
        // asked before the log is read: what was written until a run ends is shown
        going = given.follow && RunFacts.stateOf(record) === "running"
        const { events, next } = eventsFrom(yield* store.readEvents(record.run), from)
        from = next
        read = [...read, ...events]
        if (ended(read)) going = false
        const wrong = going ? undefined : refuse(record, read, label) // a node may yet come
        if (wrong !== undefined) return yield* wrong
        show(given.follow ? events : events.toSorted((a, b) => a.atMs - b.atMs))
        if (going) yield* Effect.sleep(look)
      }
      const end = ended(read) ? undefined : endOf(record)
      if (end !== undefined) say(end)
    }).pipe(Effect.provide(cacheHere(given.cache)))
).pipe(Command.withDescription("what a run said while it ran, line by line"))
