/**
 * The log that a trainer leaves beside its checkpoint, `training.json`, as other nodes read it. Everything a trainer may
 * not know is optional, with what then holds. Who writes it here is `models/train/`.
 */
import * as Schema from "effect/Schema"
import { sampleAdvantages } from "../models/train/sampleAdvantages.ts"

const SftLog = Schema.Struct({
  method: Schema.Literal("sft"),
  dropped: Schema.Array(Schema.Struct({ id: Schema.String, tokens: Schema.Int })),
  history: Schema.Array(Schema.Struct({
    learningRate: Schema.Finite,
    examples: Schema.Array(Schema.String),
    weights: Schema.optionalKey(Schema.Array(Schema.Finite)) // shares of the step's loss; absent: every example counts alike
  }))
})

/** One value a sample; null: it has none. */
const PerSample = Schema.Array(Schema.NullOr(Schema.Finite))

const GrpoLog = Schema.Struct({
  method: Schema.Literal("grpo"),
  settings: Schema.Struct({
    learningRate: Schema.Finite,
    unparsableReward: Schema.optionalKey(Schema.Literals(["zero", "leaveOut"])) // absent: zero
  }),
  history: Schema.Array(Schema.Struct({
    learningRate: Schema.optionalKey(Schema.Finite), // absent: that of the settings
    prompts: Schema.Array(Schema.Struct({
      id: Schema.String,
      kind: Schema.optionalKey(Schema.String), // absent: not known
      rewards: PerSample, // null: unparsable
      advantages: Schema.optionalKey(PerSample), // null: left out of the step; absent: what the rewards give
      weights: Schema.optionalKey(Schema.Array(Schema.Finite)) // of each sample in the loss; absent: all alike
    }))
  }))
})

const Log = Schema.Union([SftLog, GrpoLog])

export type SftLog = typeof SftLog.Type
export type GrpoLog = typeof GrpoLog.Type
export type GrpoPromptLog = GrpoLog["history"][number]["prompts"][number]

/** Throws where the log has another form. */
export const readTrainingLog = (text: string): SftLog | GrpoLog => Schema.decodeUnknownSync(Log)(JSON.parse(text))

/** What the job did with samples without a reward. */
export const unparsableRuleOf = ({ settings }: GrpoLog): "zero" | "leaveOut" => settings.unparsableReward ?? "zero"

/** The advantage of every sample of a group. */
export const advantagesOf = (log: GrpoLog, { advantages, rewards }: GrpoPromptLog): ReadonlyArray<number | null> =>
  advantages ?? sampleAdvantages(rewards, unparsableRuleOf(log))
