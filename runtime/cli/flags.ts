/**
 * The arguments and flags that commands share, and the session they ask for.
 */
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import { ExperimentInvalid } from "../Error.ts"
import type { SessionOptions } from "../Session.ts"

export const file = Argument.String("experiment").pipe(
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
