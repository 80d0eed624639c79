/**
 * `pipeline import FILE`: takes a run that `pipeline export run` has archived into this cache, which is made where there
 * is none.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { statSync } from "node:fs"
import { type Imported, importRun } from "../../cache/care/importRun.ts"
import { byteProgress } from "../care/byteProgress.ts"
import { ExperimentInvalid } from "../Error.ts"
import { counted } from "../terminal/format.ts"
import * as flags from "./flags.ts"
import { cacheHere } from "./here.ts"
import { print, say } from "./output.ts"
import { printJson } from "./printJson.ts"

const file = Argument.String("file").pipe(Argument.withDescription("an archive that `pipeline export run` made"))

const importedText = ({ actions, blobs, pins, recordStayed, rows, run }: Imported): string =>
  [
    `run ${run.run} of ${run.experiment}${recordStayed ? " is in this cache already" : ""}`,
    `new here: ${counted(actions, "result")}, ${counted(blobs, "blob")}, ${counted(rows, "row")}`,
    ...(pins.length === 0 ? [] : [`pins: ${pins.join(", ")}`])
  ].join("\n")

export const importCommand = Command.make(
  "import",
  { file, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      // before the cache is opened, which makes one where there is none
      if (statSync(given.file, { throwIfNoEntry: false })?.isFile() !== true) {
        return yield* new ExperimentInvalid({
          experiment: given.file,
          reason: "there is no such file",
          next: "name an archive that `pipeline export run` made"
        })
      }
      const progress = byteProgress({ doing: "importing", stream: process.stderr, now: Date.now })
      const imported = yield* importRun({ file: given.file, onProgress: progress.show }).pipe(
        Effect.ensuring(Effect.sync(progress.end)),
        Effect.provide(cacheHere(given.cache))
      )
      for (const pin of imported.pinsInTheWay) say(`pin ${pin} names something else in this cache, and stays as it is`)
      if (given.json) return printJson({ ...imported, run: imported.run.run })
      print(importedText(imported))
    })
).pipe(Command.withDescription("take a run that was exported into this cache"))
