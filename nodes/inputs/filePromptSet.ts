/**
 * A prompt set in the user's own file: which column holds what, and the rows it gives. Keeping the bytes for a run is the
 * business of `layer/filePrompts.ts`.
 */
import { extname } from "node:path"
import * as Effect from "effect/Effect"
import type { PromptQuery, PromptRow, VerificationItemRow } from "../service/PromptSource.ts"
import { PromptsInvalid } from "../service/PromptSource.ts"
import { nearestName } from "../../runtime/nearestName.ts"
import type { PromptDraft } from "./promptDraft.ts"
import { asRows, choose, inHashOrder, shortHash } from "./promptDraft.ts"
import { type InputRecord, readCsv } from "./readCsv.ts"
import { readJsonl } from "./readJsonl.ts"
import { readParquet } from "./readParquet.ts"

/** This module, for the code digest of services that hand out its prompts. */
export const url = import.meta.url

/** What a file held when it was read. `name` is without its folder: where a file lies is no part of a prompt. */
export interface FileContent {
  readonly name: string
  readonly bytes: Uint8Array
}

const labels = ["harmful", "benign", "maths"] as const
type Label = (typeof labels)[number]

/** Words of a column and the label each stands for; rows with other words are no prompts of this set. */
export interface LabelWords {
  readonly column: string
  readonly words: { readonly [word: string]: Label }
}

/**
 * Names of columns, or paths into nested ones such as `prompt.0.content`. What has no column has the value after the
 * colon.
 */
export interface PromptColumns {
  readonly prompt: string
  /** A column that holds `harmful`, `benign` or `maths`, or one of these for all rows, or a column with words of its own. */
  readonly label: string | { readonly always: Label } | LabelWords
  /** Literal text taken out of every prompt, for example an instruction that the reward does not fit. */
  readonly without?: ReadonlyArray<string>
  /** Text put after every prompt. */
  readonly after?: string
  /** Default: each prompt is a topic of its own. */
  readonly topic?: string
  /** Default: `vanilla`. */
  readonly family?: string
  /** Default: no right answer. Empty cells: none for this prompt. */
  readonly reference?: string
}

/** Names of columns of answers with a known verdict. */
export interface VerificationColumns {
  readonly prompt: string
  readonly answer: string
  /** A column that holds `safe` or `unsafe`. */
  readonly verdict: string
  /** Default: each prompt is a topic of its own. */
  readonly topic?: string
}

const decoder = new TextDecoder("utf-8")

const readRecords = ({ bytes, name }: FileContent) => {
  switch (extname(name).toLowerCase()) {
    case ".csv":
      return readCsv(name, decoder.decode(bytes))
    case ".jsonl":
    case ".ndjson":
      return readJsonl(name, decoder.decode(bytes))
    case ".parquet":
      return readParquet(name, bytes)
    default:
      return Effect.fail(
        new PromptsInvalid({
          source: name,
          reason: "its ending names no form that can be read",
          next: "give a .csv file with a header, a .jsonl file with one object on each line, or a .parquet file"
        })
      )
  }
}

const missingColumn = (file: string, wanted: string, columns: ReadonlyArray<string>): PromptsInvalid => {
  const nearest = nearestName(wanted, columns)
  return new PromptsInvalid({
    source: file,
    reason: `it has no column "${wanted}"`,
    next: `${nearest === undefined ? "" : `did you mean "${nearest}"? `}it has ${columns.join(", ")}`
  })
}

/** The cell at a column's name, or at a path into it. */
const cellAt = (cells: InputRecord["cells"], path: string): unknown => {
  if (path in cells) return cells[path]
  return path.split(".").reduce<unknown>(
    (inner, name) =>
      typeof inner === "object" && inner !== null ? (inner as { [name: string]: unknown })[name] : undefined,
    cells
  )
}

/** Reads cells of one record by column, with messages that name file, line and column. */
const cellReader = (file: string, { cells, line }: InputRecord) => {
  const invalid = (column: string, reason: string, next: string) =>
    new PromptsInvalid({ source: file, reason: `line ${line}, column "${column}": ${reason}`, next })
  const textOrNull = (column: string): string | null => {
    const cell = cellAt(cells, column) ?? ""
    if (typeof cell === "object") throw invalid(column, "it is not a text", "write a text or a number")
    return String(cell).trim() || null
  }
  const text = (column: string): string => {
    const found = textOrNull(column)
    if (found === null) throw invalid(column, "it is empty", "fill the cell, or remove the record")
    return found
  }
  const oneOf = <A extends string>(column: string, known: ReadonlyArray<A>): A => {
    const found = text(column).toLowerCase()
    const match = known.find((value) => value === found)
    if (match === undefined) {
      throw invalid(column, `"${found.slice(0, 40)}" is not known`, `write one of ${known.join(", ")}`)
    }
    return match
  }
  return { text, textOrNull, oneOf }
}

/** Every record made into `A`, after checking that the file has the columns. */
const readRows = Effect.fnUntraced(function*<A>(
  file: FileContent,
  columns: ReadonlyArray<string | undefined>,
  make: (reader: ReturnType<typeof cellReader>) => A
) {
  const read = yield* readRecords(file)
  const known = (column: string) => read.columns.includes(column) || read.columns.includes(column.split(".")[0]!)
  const missing = columns.find((column) => column !== undefined && !known(column))
  if (missing !== undefined) return yield* missingColumn(file.name, missing, read.columns)
  return yield* Effect.try({
    try: () => read.records.map((record) => make(cellReader(file.name, record))),
    catch: (error) => error as PromptsInvalid
  })
})

/**
 * Prompts of a file; a larger limit keeps those of a smaller one. `source` of each is the file's name.
 *
 * **Fails**: `PromptsInvalid`, naming file, line and column.
 */
export const loadPromptFile = Effect.fn("loadPromptFile")(function*(
  file: FileContent,
  { after = "", family, label, prompt, reference, topic, without = [] }: PromptColumns,
  { limit, seed, set }: PromptQuery
): Effect.fn.Return<ReadonlyArray<PromptRow>, PromptsInvalid> {
  const labelColumn = typeof label === "string" ? label : "column" in label ? label.column : undefined
  const labelOf = (reader: ReturnType<typeof cellReader>): Label | undefined =>
    typeof label === "string"
      ? reader.oneOf(label, labels)
      : "always" in label
      ? label.always
      : label.words[reader.text(label.column)]
  const drafts = yield* readRows(file, [prompt, labelColumn, topic, family, reference], (reader) => {
    const labelled = labelOf(reader)
    if (labelled === undefined) return undefined
    const words = without.reduce((text, part) => text.replaceAll(part, ""), reader.text(prompt)).trim() + after
    const draft: PromptDraft = {
      prompt: words,
      label: labelled,
      source: file.name,
      topic: topic === undefined ? shortHash(words) : reader.text(topic),
      family: family === undefined ? "vanilla" : reader.text(family),
      reference: reference === undefined ? null : reader.textOrNull(reference)
    }
    return draft
  })
  return asRows(set, choose(drafts.filter((draft) => draft !== undefined), limit, seed))
})

/**
 * Answers of a file with their verdicts, chosen like prompts.
 *
 * **Fails**: `PromptsInvalid`, naming file, line and column.
 */
export const loadVerificationFile = Effect.fn("loadVerificationFile")(function*(
  file: FileContent,
  { answer, prompt, topic, verdict }: VerificationColumns,
  { limit, seed }: PromptQuery
): Effect.fn.Return<ReadonlyArray<VerificationItemRow>, PromptsInvalid> {
  const items = yield* readRows(file, [prompt, answer, verdict, topic], (reader): VerificationItemRow => {
    const words = reader.text(prompt)
    const answered = reader.text(answer)
    return {
      itemId: shortHash(words, answered),
      prompt: words,
      answer: answered,
      verdict: reader.oneOf(verdict, ["safe", "unsafe"]),
      topic: topic === undefined ? shortHash(words) : reader.text(topic),
      source: file.name
    }
  })
  const distinct = [...new Map(items.map((item) => [item.itemId, item])).values()]
  return inHashOrder(distinct, ({ itemId }) => itemId, seed).slice(0, limit)
})
