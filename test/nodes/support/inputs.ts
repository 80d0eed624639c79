/**
 * Inputs of node tests: tables, values and checkpoints as constants that enter the key with their content, and rows whose
 * columns are filled in but for those a test is about. Services are in `services.ts`.
 */
import * as Schema from "effect/Schema"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { Checkpoint, type Findings, type LabelledPrompt, type Prompt } from "../../../nodes/tables.ts"
import * as Node from "../../../runtime/Node.ts"
import type { Ref } from "../../../runtime/Ref.ts"
import type * as Type from "../../../runtime/Type.ts"

/** A table of these rows; `label` tells two tables of one type apart. */
export const given = <F extends Type.Columns>(
  table: Type.Table<F>,
  rows: ReadonlyArray<Type.Row<F>>,
  label: string = table.name
): Ref<Type.Rows<Type.Row<F>>, never> =>
  Node.make({
    name: label,
    inputs: {},
    params: { rows: Schema.Array(Schema.Struct(table.columns)) },
    output: table as Type.Table<any>,
    run: (_, { params }) => params.rows
  })({}, { rows } as never) as never

/** What a step found out about itself, as a constant. */
export const givenFindings = (
  type: typeof Findings,
  label: string,
  sentences: ReadonlyArray<string>
): Ref<ReadonlyArray<string>, never> =>
  Node.make({
    name: label,
    inputs: {},
    params: { sentences: Schema.Array(Schema.String) },
    output: type,
    run: (_, { params }) => params.sentences
  })({}, { sentences })

/** A checkpoint of these files, by relative name. */
export const givenCheckpoint = (
  files: { readonly [name: string]: string } = { weights: "w" }
): Ref<Type.Folder<"checkpoint">, never> =>
  Node.make({
    name: "givenCheckpoint",
    inputs: {},
    params: { files: Schema.Record(Schema.String, Schema.String) },
    output: Checkpoint,
    run: (_, { dir, params }) => {
      for (const [name, content] of Object.entries(params.files)) {
        mkdirSync(dirname(join(dir, name)), { recursive: true })
        writeFileSync(join(dir, name), content)
      }
    }
  })({}, { files })

type RowOf<T> = T extends Type.Table<infer F> ? Type.Row<F> : never
export type PromptRow = RowOf<typeof Prompt>
export type LabelledRow = RowOf<typeof LabelledPrompt>

export const promptRow = (promptId: string, row: Partial<PromptRow> = {}): PromptRow => ({
  promptId,
  prompt: `prompt ${promptId}`,
  label: "harmful",
  set: "train",
  source: "test",
  topic: "topic",
  family: "plain",
  reference: null,
  ...row
})

export const labelledRow = (
  promptId: string,
  label: LabelledRow["label"],
  row: Partial<LabelledRow> = {}
): LabelledRow => ({
  promptId,
  prompt: `prompt ${promptId}`,
  label,
  provenance: label,
  set: "train",
  categories: [],
  reference: null,
  ...row
})

export const clauseRow = (clauseId: string, categories: ReadonlyArray<string> = [], text = `text ${clauseId}`) => ({
  clauseId,
  title: `title ${clauseId}`,
  categories,
  text,
  words: [] as ReadonlyArray<string>,
  examples: [] as ReadonlyArray<string>
})

/** A clause as a service is shown it. */
export const shownRow = ({ categories, clauseId, text, title }: ReturnType<typeof clauseRow>) => ({
  clauseId,
  title,
  categories,
  text
})

/** The columns of an answer on its way from the sampler to a judge. */
export const answerRow = (sampleId: string) => ({
  sampleId,
  promptId: sampleId.split("#")[0]!,
  sampleIndex: Number(sampleId.split("#")[1] ?? 0),
  prompt: `prompt ${sampleId.split("#")[0]}`,
  label: "harmful" as "harmful" | "benign" | "maths",
  set: "train",
  topic: "topic",
  family: "plain",
  reference: null as string | null,
  text: `answer ${sampleId}`,
  reasoning: "",
  answer: `answer ${sampleId}`,
  finishReason: "stop" as "stop" | "length" | "refusal" | "filter",
  completionTokens: 3,
  logprob: -1.5,
  outcome: "answer" as "refusal" | "answer" | "critique" | "other",
  categories: [] as ReadonlyArray<string>
})

/** The rows of a decoded table, from its cells by column. */
export const rowsOf = (cells: { readonly [column: string]: ReadonlyArray<any> }): ReadonlyArray<any> => {
  const columns = Object.keys(cells)
  return cells[columns[0]!]!.map((_, i) => Object.fromEntries(columns.map((column) => [column, cells[column]![i]])))
}
