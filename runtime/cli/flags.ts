/**
 * The arguments and flags that commands share, and the session they ask for.
 */
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { relative, resolve } from "node:path"
import * as Budget from "../Budget.ts"
import { ExperimentInvalid, type SelectionInvalid } from "../Error.ts"
import * as Selection from "../Selection.ts"
import type { Session, SessionOptions } from "../Session.ts"
import * as Slots from "../Slots.ts"

/** A path as it was typed: messages name files as people do. */
export const asTyped = (absolute: string): string =>
  process.argv.find((argument) => resolve(argument) === absolute) ?? relative(process.cwd(), absolute)

/** A path, so that shells complete it; whether it is a file is said when it is opened. */
export const file = Argument.Path("experiment").pipe(
  Argument.map(asTyped),
  Argument.withDescription("the experiment file, for example experiments/quickstart.ts")
)

export const cache = Flag.String("cache").pipe(
  Flag.withDescription("the cache folder (default: PIPELINE_CACHE, else .pipeline beside package.json)"),
  Flag.optional
)

export const json = Flag.Boolean("json").pipe(
  Flag.withDescription("machine-readable output on stdout"),
  Flag.withDefault(false)
)

export const shared = {
  set: Flag.String("set").pipe(Flag.withDescription("a setting: --set grpo.steps=10; repeatable"), Flag.atLeast(0)),
  rehearse: Flag.Boolean("rehearse").pipe(
    Flag.withDescription("the whole file with small numbers and stand-ins for what is not at hand"),
    Flag.withDefault(false)
  ),
  cache
}

export const force = Flag.String("force").pipe(
  Flag.withDescription("run this node although its result is in the cache; repeatable"),
  Flag.atLeast(0)
)

/** Which part of the graph a command is about. */
export const selection = {
  select: Flag.String("select").pipe(
    Flag.withDescription("only these nodes; '+name' adds all it needs, 'name+' all that needs it, * any letters"),
    Flag.atLeast(0)
  ),
  from: Flag.String("from").pipe(Flag.withDescription("this node and all that needs it"), Flag.atLeast(0)),
  until: Flag.String("until").pipe(Flag.withDescription("this node and all it needs"), Flag.atLeast(0))
}

/** What the message of an error is that a parser has thrown. */
const words = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** How much a run may take on, and when it ends. */
export const limits = {
  budget: Flag.String("budget").pipe(
    Flag.withDescription("start nothing new once this is spent: 5usd, 30min, 2h; repeatable"),
    Flag.atLeast(0),
    Flag.mapTryCatch(Budget.parse, words)
  ),
  slots: Flag.String("slots").pipe(
    Flag.withDescription("how much may go on at once in a slot: gpu=1,api=64"),
    Flag.atLeast(0),
    Flag.mapTryCatch(Slots.parse, words)
  ),
  maxFailures: Flag.Int("max-failures").pipe(
    Flag.withDescription("start no more rows of a node after so many have failed"),
    Flag.withDefault(16),
    Flag.filter((value) => value >= 1, () => "1 or more")
  )
}

/** The selected part of a session's graph; undefined: all of it. */
export const selected = (
  { plan }: Session,
  given: Selection.SelectionOptions
): Effect.Effect<ReadonlySet<number> | undefined, SelectionInvalid> =>
  Effect.try({
    try: () => Selection.select(plan.graph, given),
    catch: (error) => error as SelectionInvalid
  })

/** `a.b=1` as a pair. Throws `ExperimentInvalid` where there is no `=`. */
const pair = (experiment: string) => (text: string): readonly [string, string] => {
  const at = text.indexOf("=")
  if (at <= 0) {
    throw new ExperimentInvalid({
      experiment,
      reason: `--set ${text} has no value`,
      next: "write --set path=value, for example --set grpo.steps=10"
    })
  }
  return [text.slice(0, at), text.slice(at + 1)]
}

export const sessionOptions = (given: {
  readonly experiment: string
  readonly set: ReadonlyArray<string>
  readonly rehearse: boolean
  readonly cache: Option.Option<string>
  readonly force?: ReadonlyArray<string>
}): SessionOptions => ({
  file: given.experiment,
  cache: Option.getOrUndefined(given.cache),
  sets: given.set.map(pair(given.experiment)),
  rehearse: given.rehearse,
  forced: given.force ?? []
})
