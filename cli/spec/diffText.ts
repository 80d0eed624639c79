/** The difference of two specifications and what it does to a run, as lines for a terminal. Pure. */
import { type SpecDiff, specDiffLines } from "../../nodes/spec/specDiff.ts"
import { count, counted } from "../../runtime/terminal/format.ts"
import type { Style, Tone } from "../../runtime/terminal/style.ts"
import { table } from "../../runtime/terminal/table.ts"
import { cut, visible, wrap } from "../../runtime/terminal/text.ts"
import type { FlippedPair, Flips, NodeFlips } from "./flipsBetween.ts"
import type { Touched } from "./touchedRows.ts"

export interface SpecDiffReport {
  /** The two versions: files, or the run that had one. */
  readonly before: string
  readonly after: string
  readonly diff: SpecDiff
  /** Absent without a cache, and where no run read either version. */
  readonly run?: {
    readonly experiment: string
    readonly run: string
    readonly touched: Touched
    readonly flips: Flips
  }
}

export interface DiffTextOptions {
  readonly width: number
  readonly style: Style
}

const tones: { readonly [mark: string]: Tone } = { "+": "good", "-": "bad", "~": "warning" }

const right = (header: string) => ({ header, align: "right" as const })

const changes = (diff: SpecDiff, { style, width }: DiffTextOptions): ReadonlyArray<string> => {
  const lines = specDiffLines(diff)
  if (lines.length === 0) return ["no clause differs"]
  return lines.flatMap((line) =>
    wrap(visible(line), width).map((part, i) => i === 0 ? style(tones[line[0]!] ?? "dim", part) : part)
  )
}

const named = (text: string, labels: ReadonlyArray<string>, { width }: DiffTextOptions): ReadonlyArray<string> =>
  labels.length === 0 ? [] : wrap(visible(`${text}: ${labels.join(", ")}`), width)

const touchedLines = ({ byRow, uncounted, whole }: Touched, options: DiffTextOptions): ReadonlyArray<string> => [
  ...(byRow.length === 0 ? [] : table({
    columns: [
      { header: "NODE", min: 14, cut: "middle" },
      right("TOUCHED"),
      right("OF"),
      right("DISTINCT"),
      right("OF")
    ],
    rows: byRow.map(({ distinct, distinctTouched, label, rows, touched }) => [
      label,
      count(touched),
      count(rows),
      count(distinctTouched),
      count(distinct)
    ])
  }, { width: options.width })),
  ...named("all clauses are read, so any change runs again", whole, options),
  ...named("`pipeline plan` counts the rows of", uncounted, options)
]

const pairLine = ({ after, before }: { readonly before: FlippedPair; readonly after: FlippedPair }): string =>
  `  ${after.sampleId}  ${before.verdict} → ${after.verdict}  ${after.prompt} → ${after.answer}`

const flipLines = ({ clauses, common, label }: NodeFlips, { style, width }: DiffTextOptions): ReadonlyArray<string> => {
  const flipped = clauses.filter(({ toSafe, toUnsafe }) => toSafe + toUnsafe > 0)
  if (flipped.length === 0) return [`${visible(label)}: no verdict of ${counted(common, "pair")} flipped`]
  const [header, ...rows] = table({
    columns: [{ header: "CLAUSE" }, right("JUDGED"), right("TO SAFE"), right("TO UNSAFE")],
    rows: flipped.map((one) => [
      one.clauseId ?? "(none shown)",
      count(one.judged),
      count(one.toSafe),
      count(one.toUnsafe)
    ])
  }, { width })
  return [
    `${visible(label)}: ${
      counted(common, "pair")
    } judged under both; verdicts that flipped, by the clauses that decided`,
    header!,
    ...flipped.flatMap(({ samples }, i) => [
      rows[i]!,
      ...samples.map((sample) => style("dim", cut(visible(pairLine(sample)), width)))
    ])
  ]
}

const flipsText = ({ after, before, nodes }: Flips, options: DiffTextOptions): ReadonlyArray<string> => {
  if (before === undefined || after === undefined) {
    const missing = before === undefined && after === undefined ? "neither version has" : "only one version has"
    return wrap(
      `verdicts: ${missing} been judged in this experiment; run it with both to see which flip`,
      options.width
    )
  }
  return [`verdicts: ${before} → ${after}`, ...nodes.flatMap((node) => flipLines(node, options))]
}

/** Without a line feed at its end; no line is wider than `width`. */
export const diffText = ({ after, before, diff, run }: SpecDiffReport, options: DiffTextOptions): string =>
  [
    options.style("strong", visible(`${before} → ${after}`)),
    ...changes(diff, options),
    ...(run === undefined ? [] : [
      "",
      `what it touches in ${run.experiment}, ${run.run}`,
      ...touchedLines(run.touched, options),
      "",
      ...flipsText(run.flips, options)
    ])
  ].join("\n")
