/** Why an example was trained on, for people: the steps, then the way back, each text in full. Pure. */
import { count } from "../../runtime/terminal/format.ts"
import type { Style } from "../../runtime/terminal/style.ts"
import { table } from "../../runtime/terminal/table.ts"
import { visible, wrap } from "../../runtime/terminal/text.ts"
import type { Training } from "./trainings.ts"
import type { Judged, WayBack } from "./wayBack.ts"

/** What one training made of an example or a prompt. */
export interface Seen extends Omit<Training, "rows" | "dropped"> {
  /** `example`: this one; `prompt`: its prompt, in stage 2; `sibling`: other answers to the prompt. */
  readonly as: "example" | "prompt" | "sibling"
  readonly rows: Training["rows"]
  /** The example was left out for its length. **Unit**: tokens. */
  readonly droppedTokens?: number
}

export interface WhyTrained extends WayBack {
  readonly run: string
  readonly experiment: string
  readonly name: string
  readonly seen: ReadonlyArray<Seen>
}

export interface WhyTrainedTextOptions {
  readonly width: number
  readonly style: Style
}

/** Steps of one training that are shown. */
const mostSteps = 12

const digits = (value: number): string => String(Number(value.toPrecision(3)))

/** One number a sample; `–` where it has none: its reward was unparsable, or it was left out. */
const perSample = (values: ReadonlyArray<number | null>): string =>
  values.map((value) => value === null ? "–" : digits(value)).join(" ")

/** How many samples of these groups had no reward. */
const unparsableIn = (rows: Seen["rows"]): string => {
  const rewards = rows.flatMap((row) => row.rewards)
  const unparsable = rewards.filter((reward) => reward === null).length
  return unparsable === 0 ? "" : `, ${count(unparsable)} of ${count(rewards.length)} rewards unparsable`
}

const headOf = ({ as, droppedTokens, label, rows, steps }: Seen): string => {
  const at = new Set(rows.map(({ step }) => step)).size
  const weight = `weight ${digits(rows.reduce((sum, row) => sum + row.weight, 0))} in all`
  if (droppedTokens !== undefined) return `${label}: left out, too long with ${count(droppedTokens)} tokens`
  const what = { example: "seen", prompt: "its prompt", sibling: "other answers to the prompt" }[as]
  return rows.length === 0
    ? `${label}: in none of ${count(steps)} steps`
    : `${label}: ${what} in ${count(at)} of ${count(steps)} steps, ${weight}${unparsableIn(rows)}`
}

const seenLines = (seen: Seen, { style, width }: WhyTrainedTextOptions): ReadonlyArray<string> => {
  const rows = seen.rows.slice(0, mostSteps)
  const right = (header: string) => ({ header, align: "right" as const })
  const lines = rows.length === 0 ? [] : table({
    columns: [
      right("STEP"),
      right("WEIGHT"),
      right("LEARNING RATE"),
      ...(seen.as === "prompt" ? [{ header: "REWARDS" }, { header: "ADVANTAGES" }] : []),
      ...(seen.as === "sibling" ? [{ header: "EXAMPLE" }] : [])
    ],
    rows: rows.map(({ advantages, id, learningRate, rewards, step, weight }) => [
      count(step),
      digits(weight),
      digits(learningRate),
      ...(seen.as === "prompt" ? [perSample(rewards), perSample(advantages)] : []),
      ...(seen.as === "sibling" ? [id] : [])
    ])
  }, { width: width - 2 })
  const more = seen.rows.length - rows.length
  return [
    ...wrap(headOf(seen), width).map((line) => style("strong", line)),
    ...lines.map((line, i) => i === 0 ? style("dim", `  ${line}`) : `  ${line}`),
    ...(more > 0 ? [style("dim", `  … ${count(more)} more; --json has all`)] : [])
  ]
}

/** A heading and a text below it. */
const part = (title: string, text: unknown, { style, width }: WhyTrainedTextOptions): ReadonlyArray<string> => [
  "",
  ...wrap(visible(title), width).map((line) => style("strong", line)),
  ...wrap(String(text), width - 2).map((line) => `  ${line}`)
]

const listed = (ids: unknown): string => (ids as ReadonlyArray<string>).join(", ") || "none"

/** One answer with its critique and the clauses. `several`: it is said whose it is. */
const critiqueLines = (
  { cells, clauses, label, trainedBy }: Judged,
  several: boolean,
  options: WhyTrainedTextOptions
): ReadonlyArray<string> => {
  const verdict = cells["verdict"] ?? "no verdict"
  const whose = several ? ` in ${label}${trainedBy.length === 0 ? "" : `, for ${trainedBy.join(", ")}`}` : ""
  return [
    ...part(`answer (${cells["outcome"]})${whose}`, cells["answer"], options),
    ...part(
      `critique: ${verdict}, cites ${listed(cells["cited"])}, was shown ${listed(cells["shown"])}`,
      cells["critique"],
      options
    ),
    ...clauses.flatMap(({ cited, clauseId, text, title }) =>
      part(`clause ${clauseId} ${title} (${cited ? "cited" : "shown"})`, text, options)
    )
  ]
}

const wayLines = ({ critiques, prompt, promptId, siblings }: WayBack, options: WhyTrainedTextOptions) => {
  const facts = ["label", "set", "family", "topic", "source"].flatMap((name) => {
    const cell = prompt?.cells[name]
    return cell === undefined || cell === null || cell === "" ? [] : [`${name} ${String(cell)}`]
  })
  return [
    ...critiques.flatMap((one) => critiqueLines(one, critiques.length > 1, options)),
    ...part(
      `prompt ${promptId}${facts.length === 0 ? "" : `: ${facts.join(", ")}`}`,
      prompt?.cells["prompt"] ?? critiques[0]?.cells["prompt"] ?? "",
      options
    ),
    ...(critiques.length === 0 && siblings.length > 0
      ? part("answers to it that were judged", siblings.join(", "), options)
      : [])
  ]
}

/** Without a line feed at its end. */
export const whyTrainedText = (why: WhyTrained, options: WhyTrainedTextOptions): string =>
  [
    ...wrap(visible(`${why.name} in ${why.experiment}, ${why.run}`), options.width),
    ...(why.seen.some(({ as, rows }) => as !== "sibling" && rows.length > 0)
      ? []
      : ["no optimiser step saw it itself"]),
    ...why.seen.flatMap((seen) => seenLines(seen, options)),
    ...wayLines(why, options)
  ].join("\n")
