/**
 * Takes out of the training prompts what would count twice: exact and near duplicates of an earlier prompt, and what
 * stands in an evaluation set. `promptManifest` says what is left and what went, in hashes and counts, without texts.
 */
import * as Schema from "effect/Schema"
import { hash } from "node:crypto"
import * as Node from "../runtime/Node.ts"
import * as Type from "../runtime/Type.ts"
import type { Row } from "../runtime/Type.ts"
import { inHashOrder } from "./inputs/promptDraft.ts"
import { leakParams, unitsOf } from "./leakCheck.ts"
import { findLeaks, likePairs } from "./leaks/findLeaks.ts"
import { Prompt } from "./tables.ts"

type PromptRow = Row<typeof Prompt.columns>

const params = {
  ...leakParams,
  /** Also drop training prompts that stand, exactly or nearly, in an evaluation set. */
  dropFromTraining: Schema.Boolean
}

/** Why a training prompt is left out. */
export interface Dropped {
  readonly promptId: string
  readonly reason: "exact duplicate" | "near duplicate" | "in an evaluation set"
  /** The prompt it is like. */
  readonly other: string
}

type Options = Schema.Struct.Type<typeof params>

/** What of `training` goes; of duplicates the one first by hash stays, whatever the order of the table. */
export const droppedPrompts = (
  training: ReadonlyArray<PromptRow>,
  evaluation: ReadonlyArray<PromptRow>,
  { dropFromTraining, exactSources, threshold }: Options
): ReadonlyArray<Dropped> => {
  const units = unitsOf(training, exactSources)
  const gone = new Map<string, Dropped>()
  if (dropFromTraining) {
    for (const { id, other } of findLeaks(units, unitsOf(evaluation, exactSources), threshold)) {
      gone.set(id, { promptId: id, reason: "in an evaluation set", other })
    }
  }
  const likes = Map.groupBy(likePairs(units, units, threshold), ({ id }) => id)
  for (const { promptId } of inHashOrder(training, ({ promptId }) => promptId, 0)) {
    if (gone.has(promptId)) continue
    for (const { kind, other } of likes.get(promptId) ?? []) {
      if (gone.has(other)) continue
      gone.set(other, {
        promptId: other,
        reason: kind === "exact" ? "exact duplicate" : "near duplicate",
        other: promptId
      })
    }
  }
  return training.flatMap(({ promptId }) => gone.get(promptId) ?? [])
}

export const distinctPrompts = Node.make({
  name: "distinctPrompts",
  description: "training prompts without duplicates and without evaluation prompts",
  inputs: { training: Prompt, evaluation: Prompt },
  params,
  output: Prompt,
  rows: ({ training }) => training,
  *run(inputs, { params }) {
    const [training, evaluation] = [yield* inputs.training.all, yield* inputs.evaluation.all]
    const gone = new Set(droppedPrompts(training, evaluation, params).map(({ promptId }) => promptId))
    return training.filter(({ promptId }) => !gone.has(promptId))
  }
})

/** One line for each set of each side: how many prompts of which kind, and a hash that stands for their texts. */
export const PromptManifest = Type.table("promptManifest", {
  side: Schema.Literals(["training", "evaluation"]),
  set: Schema.String,
  source: Schema.String,
  prompts: Schema.Int,
  harmful: Schema.Int,
  benign: Schema.Int,
  maths: Schema.Int,
  families: Schema.Array(Schema.String),
  topics: Schema.Int,
  exactDuplicates: Schema.Int, // dropped, as the two below
  nearDuplicates: Schema.Int,
  inEvaluation: Schema.Int,
  sha256: Schema.String // of the sorted SHA-256 of the prompts' texts, dropped ones left out
}, { id: ["side", "set", "source"] })

const sha256 = (text: string): string => hash("sha256", text, "hex")

const manifestRows = (
  side: "training" | "evaluation",
  rows: ReadonlyArray<PromptRow>,
  dropped: ReadonlyArray<Dropped>
): ReadonlyArray<Row<typeof PromptManifest.columns>> => {
  const reasonOf = new Map(dropped.map(({ promptId, reason }) => [promptId, reason]))
  return [...Map.groupBy(rows, ({ set, source }) => JSON.stringify([set, source]))].map(([key, own]) => {
    const [set, source] = JSON.parse(key) as [string, string]
    const kept = own.filter(({ promptId }) => !reasonOf.has(promptId))
    const label = (wanted: PromptRow["label"]) => kept.filter(({ label }) => label === wanted).length
    const reason = (wanted: Dropped["reason"]) => own.filter(({ promptId }) => reasonOf.get(promptId) === wanted).length
    return {
      side,
      set,
      source,
      prompts: kept.length,
      harmful: label("harmful"),
      benign: label("benign"),
      maths: label("maths"),
      families: [...new Set(kept.map(({ family }) => family))].sort(),
      topics: new Set(kept.map(({ topic }) => topic)).size,
      exactDuplicates: reason("exact duplicate"),
      nearDuplicates: reason("near duplicate"),
      inEvaluation: reason("in an evaluation set"),
      sha256: sha256(kept.map(({ prompt }) => sha256(prompt)).sort().join("\n"))
    }
  })
}

export const promptManifest = Node.make({
  name: "promptManifest",
  description: "counts and hashes of every prompt set",
  inputs: { training: Prompt, maths: Prompt, evaluation: Prompt },
  params,
  output: PromptManifest,
  *run(inputs, { params }) {
    const [training, evaluation] = [yield* inputs.training.all, yield* inputs.evaluation.all]
    const maths = yield* inputs.maths.all
    return [
      ...manifestRows("training", training, droppedPrompts(training, evaluation, params)),
      ...manifestRows("training", maths, params.dropFromTraining ? droppedPrompts(maths, evaluation, params) : []),
      ...manifestRows("evaluation", evaluation, [])
    ]
  }
})
