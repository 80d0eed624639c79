/**
 * `pipeline gc`: puts aside what no pin, no run of late and no experiment's present state needs, and deletes what was put
 * aside before.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { collect } from "../../cache/care/collect.ts"
import { attemptAsync } from "../../cache/StoreFailed.ts"
import { parseAge, parseBytes } from "../care/amounts.ts"
import { gcText } from "../care/gcText.ts"
import { knowledge } from "../care/knowledge.ts"
import { styleFor } from "../terminal/style.ts"
import { cacheFolder, existingHere } from "./cacheFolder.ts"
import * as flags from "./flags.ts"
import { columnsOf, print } from "./output.ts"
import { printJson } from "./printJson.ts"

const words = (error: unknown): string => error instanceof Error ? error.message : String(error)

const dryRun = Flag.Boolean("dry-run").pipe(
  Flag.withDescription("say what would go, and change nothing"),
  Flag.withDefault(false)
)
const keep = Flag.String("keep").pipe(
  Flag.withDescription("keep runs, results and rows younger than this: 30d, 12h, 2w (default: 30d)"),
  Flag.withDefault("30d"),
  Flag.mapTryCatch(parseAge, words)
)
const size = Flag.String("size").pipe(
  Flag.withDescription("of what is kept for its age alone, keep what fits: 20GB; the oldest goes first"),
  Flag.mapTryCatch(parseBytes, words),
  Flag.optional
)
const now = Flag.Boolean("now").pipe(
  Flag.withDescription("delete at once instead of an hour later; never what a run that goes on may need"),
  Flag.withDefault(false)
)

export const gc = Command.make(
  "gc",
  { dryRun, keep, size, now, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const { base, root } = yield* cacheFolder
      const nowMs = yield* Clock.currentTimeMillis
      const sizeBytes = Option.getOrUndefined(given.size)
      const options = {
        base,
        knowledge,
        nowMs,
        keepMs: given.keep,
        sizeBytes,
        dryRun: given.dryRun,
        deleteNow: given.now
      }
      const collected = yield* attemptAsync("collect garbage", root, () => collect(options))
      if (given.json) return printJson(collected)
      print(gcText(collected, {
        width: columnsOf(process.stdout),
        style: styleFor(process.stdout),
        dryRun: given.dryRun,
        sizeBytes,
        nowMs
      }))
    }).pipe(Effect.provide(existingHere(given.cache)))
).pipe(Command.withDescription("put aside what nothing needs, and delete what was put aside before"))
