/**
 * `pipeline why-trained EXAMPLE`: which optimiser steps saw an example, with which weight, and the way back from it: its
 * critique, the clauses, its prompt. A prompt may be named too. Reads the cache only.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { isLost } from "../cache/StoreFailed.ts"
import { existingHere } from "../runtime/cli/cacheFolder.ts"
import * as flags from "../runtime/cli/flags.ts"
import { columnsOf, print } from "../runtime/cli/output.ts"
import { printJson } from "../runtime/cli/printJson.ts"
import { ExperimentInvalid, ResultLost } from "../runtime/Error.ts"
import { styleFor } from "../runtime/terminal/style.ts"
import { presentRun } from "./presentRun.ts"
import { type Training, trainingsOf } from "./whyTrained/trainings.ts"
import { type WayBack, wayBack } from "./whyTrained/wayBack.ts"
import { type Seen, type WhyTrained, whyTrainedText } from "./whyTrained/whyTrainedText.ts"

const example = Argument.String("example").pipe(
  Argument.map((name) => name.trim()), // a line of CSV ends in a carriage return
  Argument.withDescription("an example's id as training tables have it, for example that of a sample; or a prompt's")
)
const run = Flag.String("run").pipe(
  Flag.withDescription("the run that trained, as `ls --runs` names it (default: the latest)"),
  Flag.optional
)
const experiment = Flag.String("experiment").pipe(
  Flag.withDescription("only this experiment's runs, for example experiments/quickstart"),
  Flag.optional
)

/** What one training made of it: of the example, else of its prompt, else of other answers to the prompt. */
const seenIn = (
  { dropped, label, rows, steps }: Training,
  name: string,
  { promptId, siblings }: Pick<WayBack, "promptId" | "siblings">
): ReadonlyArray<Seen> => {
  const tokens = dropped.find(({ id }) => id === name)?.tokens
  if (tokens !== undefined) return [{ label, steps, as: "example", rows: [], droppedTokens: tokens }]
  const of = (as: Seen["as"], ids: ReadonlySet<string>): ReadonlyArray<Seen> => {
    const own = rows.filter(({ id }) => ids.has(id))
    return own.length === 0 ? [] : [{ label, steps, as, rows: own }]
  }
  const near = [of("example", new Set([name])), of("prompt", new Set([promptId])), of("sibling", new Set(siblings))]
  return near.find((seen) => seen.length > 0) ?? []
}

const unknown = (name: string, trainings: ReadonlyArray<Training>, where: string) => {
  const some = trainings.flatMap(({ rows }) => rows[0]?.id ?? [])
  return new ExperimentInvalid({
    experiment: name,
    reason: `${where} knows no example and no prompt of this name`,
    next: trainings.length === 0
      ? "it has trained nothing that kept a log; name another --run or --experiment"
      : `name one by its id, as \`pipeline show trainable\` lists them${
        some.length === 0 ? "" : `, for example ${some[0]}`
      }`
  })
}

export const whyTrained = Command.make(
  "why-trained",
  { example, run, experiment, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const name = given.example
      const present = yield* presentRun(given.experiment, given.run)
      const trainings = yield* trainingsOf(present)
      const saw = trainings.filter(({ rows }) => rows.some(({ id }) => id === name)).map(({ label }) => label)
      const found = yield* wayBack(present, name, saw)
      const { experiment, run } = present.record
      if (found === undefined && saw.length === 0) return yield* unknown(name, trainings, `${experiment}, ${run},`)
      const way = found ?? { critiques: [], promptId: name, siblings: [] }
      const seen = trainings.flatMap((training) => seenIn(training, name, way))
      const why: WhyTrained = { experiment, run, name, seen, ...way }
      if (given.json) return printJson(why)
      print(whyTrainedText(why, { width: columnsOf(process.stdout), style: styleFor(process.stdout) }))
    }).pipe(
      Effect.catchIf(isLost, ({ _tag }) =>
        Effect.fail(new ResultLost({ label: "a table on the way back", damaged: _tag === "BlobDamaged" }))),
      Effect.provide(existingHere(given.cache))
    )
).pipe(Command.withDescription("which optimiser steps saw an example, and where it came from"))
