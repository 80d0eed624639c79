/**
 * The vocabulary of the pipelines: every table, value and artifact that nodes exchange, one declaration each.
 * Columns are camelCase, with the unit in the name or in a comment where it is not obvious. What fills them is in the
 * node of that step.
 */
import * as Schema from "effect/Schema"
import * as Type from "../runtime/Type.ts"

/** A language model: an HF folder, a `.gguf` file, or a reference to weights that stay elsewhere. */
export const Checkpoint = Type.artifact("checkpoint")

/** One file from outside, for example a specification. */
export const TextFile = Type.artifact("file")

export const Verdict = Schema.Literals(["safe", "unsafe"])

/** Whether a request may be answered at all; `maths` prompts only guard against losing ability. */
export const PromptLabel = Schema.Literals(["harmful", "benign", "maths"])

/** What an answer does. `critique`: it judges the request instead of answering; `other`: none of these, always reported. */
export const Outcome = Schema.Literals(["refusal", "answer", "critique", "other"])

const clauseColumns = {
  clauseId: Schema.String,
  title: Schema.String,
  categories: Schema.Array(Schema.String), // guard categories that route rows here
  text: Schema.String
}

/** A clause as experts, judges and policies are shown it. */
export const Clause = Type.table("clause", clauseColumns, { id: ["clauseId"] })

/** One clause of the safety specification, in the order of the file. Without categories and words every row is shown it. */
export const SpecClause = Type.table("specClause", {
  ...clauseColumns,
  words: Schema.Array(Schema.String), // in a request or its answer, each of them routes the row here too
  examples: Schema.Array(Schema.String) // shown to experts and judges after the text, never to the policy
}, { id: ["clauseId"] })

export const promptColumns = {
  promptId: Schema.String,
  prompt: Schema.String, // the user turn, unrendered
  label: PromptLabel,
  set: Schema.String, // the prompt set it was loaded as, for example `train` or `wrappers`
  source: Schema.String, // package and file, or generator
  topic: Schema.String, // unit of the clustered bootstrap: prompts on one topic stand or fall together
  family: Schema.String, // attack family or wrapper
  reference: Schema.NullOr(Schema.String) // the right answer, where there is exactly one
}

export const Prompt = Type.table("prompt", promptColumns, { id: ["promptId"] })

/** One draw to be made: samples are rows, so 16 instead of 8 computes the 8 missing ones. */
export const Sample = Type.table("sample", {
  sampleId: Schema.String,
  sampleIndex: Schema.Int,
  ...promptColumns
}, { id: ["sampleId"] })

export const rolloutColumns = {
  sampleId: Schema.String,
  promptId: Schema.String,
  sampleIndex: Schema.Int,
  prompt: Schema.String,
  label: PromptLabel,
  set: Schema.String,
  topic: Schema.String,
  family: Schema.String,
  reference: Schema.NullOr(Schema.String),
  text: Schema.String, // raw model output, without the end token
  reasoning: Schema.String, // z; empty where the model has none
  answer: Schema.String, // y; empty when the reasoning never ended
  finishReason: Schema.Literals(["stop", "length", "refusal", "filter"]),
  completionTokens: Schema.Int,
  logprob: Schema.Finite // sum over completion tokens, nats, of the untempered distribution
}

export const Rollout = Type.table("rollout", rolloutColumns, { id: ["sampleId"] })

/** A rollout as the guard reads it before any clause is shown: what it does, and which categories it touches. */
export const Routed = Type.table("routed", {
  ...rolloutColumns,
  outcome: Outcome,
  categories: Schema.Array(Schema.String)
}, { id: ["sampleId"] })

/** The columns of `Routed` that the expert and the judges read: a narrower port, so that nothing else can reach their keys. */
export const AnsweredPair = Type.table("answeredPair", {
  sampleId: Schema.String,
  promptId: Schema.String,
  prompt: Schema.String,
  answer: Schema.String,
  label: PromptLabel,
  finishReason: Schema.Literals(["stop", "length", "refusal", "filter"]),
  outcome: Outcome,
  categories: Schema.Array(Schema.String)
}, { id: ["sampleId"] })

export const Critique = Type.table("critique", {
  sampleId: Schema.String,
  promptId: Schema.String,
  prompt: Schema.String,
  answer: Schema.String,
  label: PromptLabel,
  outcome: Outcome,
  verdict: Schema.NullOr(Verdict), // null: the expert could not or would not judge; counted, never trained on
  critique: Schema.String,
  cited: Schema.Array(Schema.String), // clause ids the critique names
  shown: Schema.Array(Schema.String) // clause ids the expert was given
}, { id: ["sampleId"] })

/** A guard's verdict on an answer, beside the expert's; null: it could not be read, or there was nothing to read. */
export const GuardVerdict = Type.table("guardVerdict", {
  sampleId: Schema.String,
  verdict: Schema.NullOr(Verdict)
}, { id: ["sampleId"] })

/** One verification example: judge (prompt, answer) against the specification. Kept unrendered. */
export const Example = Type.table("example", {
  exampleId: Schema.String, // the sample it came from
  promptId: Schema.String,
  prompt: Schema.String,
  answer: Schema.String,
  label: PromptLabel,
  critique: Schema.String,
  verdict: Verdict
}, { id: ["exampleId"] })

/** A teacher's answer to a training prompt, and what became of it. */
export const Lesson = Type.table("lesson", {
  promptId: Schema.String,
  label: PromptLabel,
  prompt: Schema.String,
  target: Schema.String, // reasoning and answer as they are trained on; empty without a lesson
  fate: Schema.Literals(["kept", "no lesson", "unparsable", "unsafe", "refuses a benign request"])
}, { id: ["promptId"] })

/** One answer to imitate: the prompt as users write it, and the assistant's turn to learn. */
export const Demonstration = Type.table("demonstration", {
  promptId: Schema.String,
  label: PromptLabel,
  prompt: Schema.String,
  target: Schema.String
}, { id: ["promptId"] })

/** A prompt with the categories its request touches. */
export const RoutedPrompt = Type.table("routedPrompt", {
  ...promptColumns,
  categories: Schema.Array(Schema.String)
}, { id: ["promptId"] })

/** How many rows or prompts met which fate on the way to training. */
export const MixCount = Type.table("mixCount", { what: Schema.String, count: Schema.Int }, { id: ["what"] })

/** What a request is under the specification in force, beside the label its prompt set came with. */
export const LabelledPrompt = Type.table("labelledPrompt", {
  promptId: Schema.String,
  prompt: Schema.String,
  label: PromptLabel,
  provenance: PromptLabel,
  set: Schema.String,
  categories: Schema.Array(Schema.String),
  reference: Schema.NullOr(Schema.String)
}, { id: ["promptId"] })

/** A (prompt, answer) pair with a known verdict, to measure verification. */
export const VerificationItem = Type.table("verificationItem", {
  itemId: Schema.String,
  prompt: Schema.String,
  answer: Schema.String,
  verdict: Verdict,
  topic: Schema.String,
  source: Schema.String
}, { id: ["itemId"] })

/** A model's own verdict on a verification item; `predicted` is null where it gave none that can be read. */
export const Verification = Type.table("verification", {
  itemId: Schema.String,
  topic: Schema.String,
  verdict: Verdict,
  predicted: Schema.NullOr(Verdict),
  text: Schema.String
}, { id: ["itemId"] })

/** One judged answer of an evaluation. `safe` is null where the judge could not be parsed; that is a state of its own. */
export const Judgement = Type.table("judgement", {
  sampleId: Schema.String,
  promptId: Schema.String,
  set: Schema.String,
  label: PromptLabel,
  topic: Schema.String,
  family: Schema.String,
  outcome: Outcome,
  safe: Schema.NullOr(Schema.Boolean),
  correct: Schema.NullOr(Schema.Boolean), // against `reference`; null where there is none
  strictBox: Schema.NullOr(Schema.Literals(["right", "wrong", "unboxed"])), // of maths, where the strict rule is asked for
  selfCheck: Schema.Boolean, // the reasoning contains the verification marker
  compliance: Schema.NullOr(Schema.Literals(["full", "partial", "refusal"])), // of answers to benign requests
  categories: Schema.Array(Schema.String)
}, { id: ["sampleId"] })

/** One measured rate: `hits` of `n`. Intervals are added where it is printed. */
export const Score = Type.table("score", {
  arm: Schema.String, // base, verifySft, grpo, or an ablation's arm
  set: Schema.String,
  metric: Schema.String,
  topic: Schema.String, // cluster of the bootstrap
  hits: Schema.Int,
  n: Schema.Int
}, { id: ["arm", "set", "metric", "topic"] })

/** A score with the training seed it was measured with: arms of several seeds in one table. */
export const SeedScore = Type.table("seedScore", { ...Score.columns, seed: Schema.Int }, {
  id: ["arm", "seed", "set", "metric", "topic"]
})

/** Prompts that both an arm and the base answered, and those that only one of them hit. */
export const Pairs = Type.table("pairs", {
  arm: Schema.String,
  set: Schema.String,
  metric: Schema.String,
  onlyArm: Schema.Int,
  onlyBase: Schema.Int,
  common: Schema.Int
}, { id: ["arm", "set", "metric"] })

/** The report as people read it, Markdown; `headline` is what fits on a terminal. */
export const Report = Type.value(
  "report",
  Schema.Struct({
    markdown: Schema.String,
    headline: Schema.String,
    input: Schema.optionalKey(Schema.Unknown) // what both were made from, a `ReportInput`: for pages that show it otherwise
  })
)

/** How often a judge and people agree on answers that people labelled, for each metric that rests on the judge. */
export const JudgeErrors = Type.table("judgeErrors", {
  metric: Schema.String,
  truePositives: Schema.Int,
  falsePositives: Schema.Int,
  falseNegatives: Schema.Int,
  trueNegatives: Schema.Int
}, { id: ["metric"] })

/** Sentences that a report prints among its notes: what a step found out about itself. */
export const Findings = Type.value("findings", Schema.Array(Schema.String))
