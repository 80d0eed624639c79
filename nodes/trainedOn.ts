/**
 * What a checkpoint was trained on, step by step, as its trainer wrote it down: the way back from a policy to the examples
 * and prompts that moved it. What an example came from is joined to it in `trainedExamples`.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import * as Type from "../runtime/Type.ts"
import type { Row } from "../runtime/Type.ts"
import { trainingFile } from "./service/Trainer.ts"
import { Checkpoint, Critique, Findings } from "./tables.ts"
import { readArtifactFile } from "./text/readOnlyFile.ts"
import { advantagesOf, type GrpoLog, readTrainingLog, type SftLog } from "./trainingLog.ts"

/** One example or prompt in one optimiser step. */
export const TrainedOn = Type.table("trainedOn", {
  step: Schema.Int, // from 1
  kind: Schema.Literals(["example", "prompt"]), // prompt: a group of samples of stage 2
  id: Schema.String,
  weight: Schema.Finite, // share of the step: of the tokens of its loss, or of its absolute advantages; 0: it moved nothing
  learningRate: Schema.Finite,
  rewards: Schema.Array(Schema.NullOr(Schema.Finite)), // of a prompt's samples; null: unparsable. None of an example
  advantages: Schema.Array(Schema.NullOr(Schema.Finite)) // null: left out of the step
}, { id: ["step", "kind", "id"] })

type TrainedRow = Row<typeof TrainedOn.columns>

/** What one step did with one example or prompt, before equal ids are put together. */
type Part = Pick<TrainedRow, "id" | "weight" | "rewards" | "advantages">

/** Ids may repeat within a step; their weights add up. */
const merged = (
  step: number,
  kind: TrainedRow["kind"],
  learningRate: number,
  parts: ReadonlyArray<Part>
): ReadonlyArray<TrainedRow> =>
  [...Map.groupBy(parts, ({ id }) => id)].map(([id, own]) => ({
    step,
    kind,
    id,
    weight: own.reduce((sum, { weight }) => sum + weight, 0),
    learningRate,
    rewards: own.flatMap(({ rewards }) => rewards),
    advantages: own.flatMap(({ advantages }) => advantages)
  }))

const sftRows = ({ history }: SftLog): ReadonlyArray<TrainedRow> =>
  history.flatMap(({ examples, learningRate, weights }, i) =>
    merged(
      i + 1,
      "example",
      learningRate,
      examples.map((id, j) => ({ id, weight: weights?.[j] ?? 1 / examples.length, rewards: [], advantages: [] }))
    )
  )

/** How far the samples of a group pull, up or down: absolute advantages by their weight in the loss. */
const pull = (advantages: ReadonlyArray<number | null>, weights: ReadonlyArray<number> | undefined): number =>
  advantages.reduce<number>((sum, advantage, i) => sum + Math.abs(advantage ?? 0) * (weights?.[i] ?? 1), 0)

const grpoRows = (log: GrpoLog): ReadonlyArray<TrainedRow> =>
  log.history.flatMap(({ learningRate = log.settings.learningRate, prompts }, i) => {
    const groups = prompts.map((prompt) => ({ ...prompt, advantages: advantagesOf(log, prompt) }))
    const all = groups.reduce((sum, { advantages, weights }) => sum + pull(advantages, weights), 0)
    return merged(
      i + 1,
      "prompt",
      learningRate,
      groups.map(({ advantages, id, rewards, weights }) => ({
        id,
        weight: all === 0 ? 0 : pull(advantages, weights) / all,
        rewards,
        advantages
      }))
    )
  })

/** Every example or prompt of every step in a trainer's log. Throws where the log has another form. */
export const trainedRows = (text: string): ReadonlyArray<TrainedRow> => {
  const log = readTrainingLog(text)
  return log.method === "sft" ? sftRows(log) : grpoRows(log)
}

/** Examples that were too long to train on, in a trainer's log. Throws where the log has another form. */
export const droppedExamples = (text: string): SftLog["dropped"] => {
  const log = readTrainingLog(text)
  return log.method === "sft" ? log.dropped : []
}

export const trainedOn = Node.make({
  name: "trainedOn",
  description: "which examples moved the policy in which step",
  inputs: { policy: Checkpoint },
  output: TrainedOn,
  *run({ policy }) {
    const text = yield* readArtifactFile(policy, trainingFile)
    return text === undefined ? [] : trainedRows(text) // a trainer that keeps no log, or a policy that was not trained
  }
})

export const trainingFindings = Node.make({
  name: "trainingFindings",
  description: "examples that were too long to train on",
  inputs: { policy: Checkpoint },
  output: Findings,
  *run({ policy }) {
    const text = yield* readArtifactFile(policy, trainingFile)
    const log = text === undefined ? undefined : readTrainingLog(text)
    if (log?.method !== "sft" || log.dropped.length === 0) return []
    const examples = new Set(log.history.flatMap((step) => step.examples)).size + log.dropped.length
    const longest = log.dropped.reduce((most, { tokens }) => Math.max(most, tokens), 0)
    return [
      `${log.dropped.length} of ${examples} examples were too long and left out of training, the longest with ${longest} `
      + "tokens; raise sft.maxLength. None was cut."
    ]
  }
})

/** An example with where it comes from and when it was trained on. */
export const TrainedExample = Type.table("trainedExample", {
  exampleId: Schema.String, // the sample
  promptId: Schema.String,
  verdict: Schema.NullOr(Schema.String),
  critique: Schema.String,
  cited: Schema.Array(Schema.String), // clauses the critique names
  shown: Schema.Array(Schema.String),
  steps: Schema.Array(Schema.String), // in order, as text
  weight: Schema.Finite // summed over the steps
}, { id: ["exampleId"] })

export const trainedExamples = Node.sql({
  name: "trainedExamples",
  description: "from gradient steps to critiques, clauses and prompts",
  inputs: { trained: TrainedOn, critiques: Critique },
  output: TrainedExample,
  select: ({ critiques, trained }) =>
    Node.query`
      select judged."sampleId" as "exampleId", judged."promptId", judged.verdict, judged.critique, judged.cited, judged.shown,
        list(used.step::varchar order by used.step) as steps, sum(used.weight)::double as weight
      from ${trained} used join ${critiques} judged on used.id = judged."sampleId"
      where used.kind = 'example' group by all`
})
