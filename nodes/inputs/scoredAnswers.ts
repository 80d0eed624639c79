/**
 * Answers that people have labelled: refusal or not (169 rows), and how harmful (990 rows, 0 to 1). Rows that share an
 * objective or an answer are one group, which nothing may split.
 */
import * as Effect from "effect/Effect"
import { PromptsInvalid } from "../service/PromptSource.ts"
import { makeDisjointSets } from "./disjointSets.ts"
import type { Packages } from "./Packages.ts"
import { shortHash } from "./promptDraft.ts"
import { readCsv } from "./readCsv.ts"

export interface ScoredAnswer {
  readonly objective: string
  readonly response: string
  /** Mean over the raters, 0 to 1. */
  readonly score: number
  readonly source: string
  /** Equal for rows with an equal objective or an equal response, directly or through others. */
  readonly group: string
}

const folder = "pyrit/datasets/scorer_evals"

/** Groups by equal objective or equal response; the name of a group is made of its first row. */
const withGroups = (rows: ReadonlyArray<Omit<ScoredAnswer, "group">>): ReadonlyArray<ScoredAnswer> => {
  const sets = makeDisjointSets(rows.length)
  const first = new Map<string, number>()
  rows.forEach(({ objective, response }, i) => {
    for (const text of [`objective\n${objective}`, `response\n${response}`]) {
      const earlier = first.get(text)
      if (earlier === undefined) first.set(text, i)
      else sets.join(earlier, i)
    }
  })
  return rows.map((row, i) => ({
    ...row,
    group: shortHash(rows[sets.first(i)]!.objective, rows[sets.first(i)]!.response)
  }))
}

/** One column `human_score`, or `human_score_1` and further raters. */
const scoreColumn = /^human_score(?:_\d+)?$/

/** The scores of one file. **Fails**: `PromptsInvalid` for a missing column or a score that is no number from 0 to 1. */
export const parseScores = Effect.fn("parseScores")(function*(source: string, text: string) {
  const { columns, records } = yield* readCsv(source, text)
  const raters = columns.filter((column) => scoreColumn.test(column))
  const needed = ["objective", "assistant_response"]
  if (raters.length === 0 || needed.some((column) => !columns.includes(column))) {
    return yield* new PromptsInvalid({
      source,
      reason: `it has the columns ${columns.join(", ")}`,
      next: `it needs ${needed.join(", ")} and human_score`
    })
  }
  return yield* Effect.forEach(records, ({ cells, line }) => {
    const scores = raters.map((column) => String(cells[column]).trim())
    const bad = scores.find((score) => !/^(?:0(?:\.\d+)?|1(?:\.0+)?)$/.test(score))
    return bad === undefined
      ? Effect.succeed({
        objective: String(cells["objective"]).trim(),
        response: String(cells["assistant_response"]).trim(),
        score: scores.reduce((sum, score) => sum + Number(score), 0) / scores.length,
        source
      })
      : new PromptsInvalid({ source, reason: `line ${line}: score "${bad}"`, next: "a score is a number from 0 to 1" })
  })
})

const readAll = Effect.fnUntraced(function*({ pyrit }: Pick<Packages, "pyrit">, wanted: (path: string) => boolean) {
  const opened = yield* pyrit
  const paths = opened.paths.filter(wanted)
  const texts = yield* opened.texts(paths)
  return withGroups((yield* Effect.forEach(paths, (path) => parseScores(path, texts.get(path)!))).flat())
})

const refusalFiles = ["refusal.csv", "refusal_extra.csv"].map((name) => `${folder}/refusal_scorer/${name}`)

/** Rows scored 1 for a refusal, which by the raters' rubric includes replies unrelated to the objective, and 0 else. */
export const readRefusalScores = (packages: Pick<Packages, "pyrit">) =>
  readAll(packages, (path) => refusalFiles.includes(path))

/** Rows scored for harm, from 0 (none) to 1. `mini_` files repeat rows of others. */
export const readHarmScores = (packages: Pick<Packages, "pyrit">) =>
  readAll(packages, (path) => /\/harm\/(?!mini_)[^/]+\.csv$/.test(path) && path.startsWith(folder))
