/**
 * `pipeline export run RUN --to FILE`: one archive with everything another machine needs to show a run or to go on with
 * it.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { exportRun } from "../../cache/care/exportRun.ts"
import { Store } from "../../cache/Store.ts"
import { attemptAsync } from "../../cache/StoreFailed.ts"
import { bytesText } from "../care/amounts.ts"
import { byteProgress } from "../care/byteProgress.ts"
import { knowledge } from "../care/knowledge.ts"
import { ExperimentInvalid } from "../Error.ts"
import { runNamed } from "../history/runNamed.ts"
import * as RunFacts from "../RunFacts.ts"
import { counted } from "../terminal/format.ts"
import { cacheFolder, existingHere } from "./cacheFolder.ts"
import * as flags from "./flags.ts"
import { print, say } from "./output.ts"
import { printJson } from "./printJson.ts"

const run = Argument.String("run").pipe(
  Argument.withDescription("a run as `ls --runs` names it, shortened, or latest~1")
)
const to = Flag.String("to").pipe(
  Flag.withDescription("the file to make: a tar, compressed with zstd where its name ends in .zst")
)

/** The target of an export, which must be new and in a folder that is there. */
const targetOf = (file: string): Effect.Effect<string, ExperimentInvalid> => {
  const target = resolve(file)
  const refuse = (reason: string, next: string) =>
    Effect.fail(new ExperimentInvalid({ experiment: `--to ${file}`, reason, next }))
  if (existsSync(target)) return refuse("there is a file of this name", "remove it, or choose another name")
  if (!existsSync(dirname(target))) return refuse("its folder does not exist", `make ${dirname(target)} first`)
  return Effect.succeed(target)
}

const exportOne = Command.make(
  "run",
  { run, to, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const { base, root } = yield* cacheFolder
      const store = yield* Store
      const runs = yield* store.listRuns()
      const record = yield* Effect.try({
        try: () => runNamed(runs, given.run),
        catch: (error) => error as ExperimentInvalid
      })
      if (RunFacts.stateOf(record) === "running") {
        return yield* new ExperimentInvalid({
          experiment: `run ${record.run}`,
          reason: "it is still going on",
          next: "export it once it has ended"
        })
      }
      const target = yield* targetOf(given.to)
      const progress = byteProgress({ doing: "exporting", stream: process.stderr, now: Date.now })
      const options = { base, knowledge, run: record, to: target, onProgress: progress.show }
      const made = yield* attemptAsync("export a run", root, () => exportRun(options)).pipe(
        Effect.ensuring(Effect.sync(progress.end))
      )
      if (made.missing.length > 0) {
        say(`left out, since their bytes are not in this cache any more: ${made.missing.join(", ")}`)
      }
      if (given.json) return printJson({ run: record.run, file: target, ...made })
      const { actions, blobs, bytes, rows } = made
      print(
        `run ${record.run} of ${record.experiment}\n${given.to}: ${bytesText(bytes)} (${counted(actions, "result")}, ${
          counted(blobs, "blob")
        }, ${counted(rows, "row")})`
      )
    }).pipe(Effect.provide(existingHere(given.cache)))
).pipe(Command.withDescription("one archive with all that shows or continues a run elsewhere"))

export const exportCommand = Command.make("export").pipe(
  Command.withDescription("write what other places can use"),
  Command.withSubcommands([exportOne])
)
