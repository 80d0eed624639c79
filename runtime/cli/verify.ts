/**
 * `pipeline verify`: checks every byte of the cache, names what is damaged and whose it is, and with `--quarantine` puts
 * it out of the way. Exit code 1 where damage was found.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { verify as verifyCache } from "../../cache/care/verify.ts"
import { attemptAsync } from "../../cache/StoreFailed.ts"
import { byteProgress } from "../care/byteProgress.ts"
import { knowledge } from "../care/knowledge.ts"
import { verifyText } from "../care/verifyText.ts"
import { styleFor } from "../terminal/style.ts"
import { cacheFolder, existingHere } from "./cacheFolder.ts"
import * as flags from "./flags.ts"
import { columnsOf, finish, print } from "./output.ts"
import { printJson } from "./printJson.ts"

const quarantine = Flag.Boolean("quarantine").pipe(
  Flag.withDescription("move what is damaged to quarantine/, so that the next run makes it again"),
  Flag.withDefault(false)
)

export const verify = Command.make(
  "verify",
  { quarantine, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const { base, root } = yield* cacheFolder
      const progress = byteProgress({ doing: "verifying", stream: process.stderr, now: Date.now })
      const options = { base, knowledge, quarantine: given.quarantine, onProgress: progress.show }
      const verified = yield* attemptAsync("verify the cache", root, () => verifyCache(options)).pipe(
        Effect.ensuring(Effect.sync(progress.end))
      )
      if (verified.damage.length > 0) finish(1)
      if (given.json) return printJson(verified)
      print(verifyText(verified, {
        width: columnsOf(process.stdout),
        style: styleFor(process.stdout),
        quarantine: given.quarantine
      }))
    }).pipe(Effect.provide(existingHere(given.cache)))
).pipe(Command.withDescription("check every byte of the cache against its digests"))
