/**
 * Turns the rows of a fine-tuning job into token sequences with a target: the chat template renders the prompt, the
 * target follows as it is and never goes through the template, because templates of reasoning models delete reasoning
 * from assistant turns. Batching and training are in `sft.ts`.
 */
import type { LlamaConfig } from "../Llama.ts"
import type { Tokenizer } from "../Tokenizer.ts"
import { TrainingFailed } from "./TrainingFailed.ts"
import type { DroppedRow, SftJob, SftRow } from "./TrainJob.ts"

/** A row as tokens: prompt, target and end token. */
export interface Example {
  readonly id: string
  readonly ids: ReadonlyArray<number>
  readonly targetFrom: number
}

export interface Examples {
  readonly kept: ReadonlyArray<Example>
  /** Rows longer than the job allows; none is cut. */
  readonly dropped: ReadonlyArray<DroppedRow>
}

/**
 * `target` as the continuation of `prompt`: where the prompt ends in an opened reasoning, as R1's template leaves it,
 * a target that opens it again has its own opening removed.
 */
const continuing = (prompt: string, target: string): string =>
  /<think>\s*$/.test(prompt) ? target.replace(/^\s*<think>[^\S\n]*\n?/, "") : target

/** The tokens of one row and where its targets begin. */
const tokenizeRow = (row: SftRow, id: string, tokenizer: Tokenizer, raw: boolean): Example => {
  const prompt = raw ? row.prompt : tokenizer.chat([{ role: "user", content: row.prompt }])
  const prefix = tokenizer.encode(prompt)
  const target = tokenizer.encode(raw ? row.target : continuing(prompt, row.target))
  const ended = target.length > 0 && tokenizer.endIds.includes(target.at(-1)!)
  const ids = [...prefix, ...target, ...(ended ? [] : tokenizer.endIds.slice(0, 1))]
  // The first token of a sequence has nothing before it to be predicted from.
  return { id, ids, targetFrom: Math.max(1, prefix.length) }
}

/**
 * The examples of `rows`, which are the job's own or its evaluation rows.
 *
 * **Fails**: throws `TrainingFailed` when no row is left, or when a token is beyond the model's vocabulary.
 */
export const sftExamples = (
  rows: ReadonlyArray<SftRow>,
  job: SftJob,
  { config, tokenizer }: { readonly config: LlamaConfig; readonly tokenizer: Tokenizer }
): Examples => {
  const limit = Math.min(job.maxLength, config.contextLength)
  const kept: Array<Example> = []
  const dropped: Array<DroppedRow> = []
  rows.forEach((row, i) => {
    const example = tokenizeRow(row, row.id ?? `${i}`, tokenizer, job.raw ?? false)
    const stranger = example.ids.find((id) => id >= config.vocab)
    if (stranger !== undefined) {
      const reason =
        `row ${example.id} has token id ${stranger}, and the model's vocabulary ends at ${config.vocab}; ` +
        "its tokenizer is another model's"
      throw new TrainingFailed({ from: job.from, reason })
    }
    if (example.ids.length > limit) dropped.push({ id: example.id, tokens: example.ids.length })
    else if (example.ids.length > example.targetFrom) kept.push(example)
  })
  if (kept.length === 0) {
    const kind = rows === job.rows ? "" : "evaluation "
    throw new TrainingFailed({
      from: job.from,
      reason: rows.length === 0
        ? `the job has no ${kind}rows`
        : `none of the ${rows.length} ${kind}rows can be trained on (${dropped.length} are longer than ${limit} tokens)`
    })
  }
  return { kept, dropped }
}
