/**
 * Prompt sets in local files that may not be there yet: sets behind a licence that everybody fetches for themselves.
 * With all files present it is `filePrompts`; else it can be planned and priced, and says which files are missing.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync } from "node:fs"
import { PromptsInvalid, PromptSource } from "../service/PromptSource.ts"
import { filePrompts, type FilePromptSets } from "./filePrompts.ts"

/** The sets, and for each file where it can be had. **Fails**: like `filePrompts` once the files are there. */
export const expectedFilePrompts = (
  sets: FilePromptSets,
  origin: { readonly [file: string]: string }
): Layer.Layer<PromptSource, PromptsInvalid> =>
  Layer.unwrap(Effect.sync(() => {
    const files = [
      ...new Set([...Object.values(sets.prompts), ...Object.values(sets.verification ?? {})].map(({ file }) => file))
    ]
    const absent = files.filter((file) => !existsSync(file))
    if (absent.length === 0) return filePrompts(sets)
    const lines = absent.map((file) => `prompts ${file}: ${origin[file] ?? "not there"}`)
    const failed = Effect.fail(
      new PromptsInvalid({
        source: absent[0]!,
        reason: "there is no such file",
        next: origin[absent[0]!] ?? "put it there"
      })
    )
    return Layer.succeed(PromptSource, {
      fingerprint: `missing ${absent.join(" ")}`,
      missing: Effect.succeed(lines),
      load: () => failed,
      verificationItems: () => failed
    })
  }))
