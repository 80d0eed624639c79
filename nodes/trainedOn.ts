/**
 * What a checkpoint was trained on, step by step, as its trainer wrote it down: the way back from a policy to the examples
 * and prompts that moved it. What an example came from is joined to it in `trainedExamples`.
 */
import * as Schema from "effect/Schema"
import { groupAdvantages } from "../models/train/advantage.ts"
import * as Node from "../runtime/Node.ts"
import * as Type from "../runtime/Type.ts"
import type { Row } from "../runtime/Type.ts"
import { Checkpoint, Critique, Findings } from "./tables.ts"
import { readArtifactFile } from "./text/readOnlyFile.ts"

/** One example or prompt in one optimiser step. */
export const TrainedOn = Type.table("trainedOn", {
  step: Schema.Int, // from 1
  kind: Schema.Literals(["example", "prompt"]), // prompt: a group of samples of stage 2
  id: Schema.String,
  weight: Schema.Finite, // share of the step: of its examples, or of the summed absolute advantages; 0: it moved nothing
  learningRate: Schema.Finite
}, { id: ["step", "kind", "id"] })

type TrainedRow = Row<typeof TrainedOn.columns>

/** The file in which a trainer says what it did. */
export const trainingFile = "training.json"

const SftLog = Schema.Struct({
  method: Schema.Literal("sft"),
  dropped: Schema.Array(Schema.Struct({ id: Schema.String, tokens: Schema.Int })),
  history: Schema.Array(Schema.Struct({
    learningRate: Schema.Finite,
    examples: Schema.Array(Schema.String),
    weights: Schema.optionalKey(Schema.Array(Schema.Finite)) // absent: every example counts alike
  }))
})

const GrpoLog = Schema.Struct({
  method: Schema.Literal("grpo"),
  settings: Schema.Struct({ learningRate: Schema.Finite }),
  history: Schema.Array(Schema.Struct({
    learningRate: Schema.optionalKey(Schema.Finite), // absent: that of the settings
    prompts: Schema.Array(Schema.Struct({ id: Schema.String, rewards: Schema.Array(Schema.Finite) }))
  }))
})

const Log = Schema.Union([SftLog, GrpoLog])

const readLog = (text: string) => Schema.decodeUnknownSync(Log)(JSON.parse(text))

/** Ids may repeat within a step; their weights add up. */
const merged = (
  step: number,
  kind: TrainedRow["kind"],
  learningRate: number,
  parts: ReadonlyArray<readonly [string, number]>
) => {
  const weights = new Map<string, number>()
  for (const [id, weight] of parts) weights.set(id, (weights.get(id) ?? 0) + weight)
  return [...weights].map(([id, weight]): TrainedRow => ({ step, kind, id, weight, learningRate }))
}

/** Every example or prompt of every step in a trainer's log. Throws where the log has another form. */
export const trainedRows = (text: string): ReadonlyArray<TrainedRow> => {
  const log = readLog(text)
  if (log.method === "sft") {
    return log.history.flatMap(({ examples, learningRate, weights }, i) =>
      merged(i + 1, "example", learningRate, examples.map((id, j) => [id, weights?.[j] ?? 1 / examples.length]))
    )
  }
  return log.history.flatMap(({ learningRate = log.settings.learningRate, prompts }, i) => {
    const sizes = prompts.map(({ rewards }) => groupAdvantages(rewards).reduce((sum, one) => sum + Math.abs(one), 0))
    const all = sizes.reduce((sum, size) => sum + size, 0)
    return merged(i + 1, "prompt", learningRate, prompts.map(({ id }, j) => [id, all === 0 ? 0 : sizes[j]! / all]))
  })
}

/** Examples that were too long to train on, in a trainer's log. Throws where the log has another form. */
export const droppedExamples = (text: string): (typeof SftLog.Type)["dropped"] => {
  const log = readLog(text)
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
    const log = text === undefined ? undefined : readLog(text)
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
