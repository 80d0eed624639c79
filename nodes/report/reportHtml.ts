/**
 * A report as one HTML file that needs nothing else: the sections of the Markdown, pictures, time and cost of the nodes,
 * sample transcripts, where everything came from, and how another run differed. Pure: the caller collects.
 */
import { wilson } from "../maths/wilson.ts"
import { forestPlot, type ForestRow } from "./forestPlot.ts"
import { markdownTable, markdownText } from "./markdownTable.ts"
import { escapeHtml, markdownHtml } from "./markdownHtml.ts"
import { type Measured, measured } from "./MeasureRows.ts"
import { reportDiff } from "./reportDiff.ts"
import type { ReportInput } from "./ReportInput.ts"
import { reportMarkdown } from "./reportMarkdown.ts"
import * as Scoreboard from "./Scoreboard.ts"

/** What one node cost, in this run or the one that made its result. */
export interface NodeCost {
  readonly label: string
  /** `ran`, `fresh`, `failed`: as the engine says. */
  readonly state: string
  readonly rows: number
  readonly reused: number
  readonly seconds: number
  readonly usd: number
}

/** One answer to look at. Texts may be harmful: they are folded away. */
export interface Transcript {
  readonly title: string
  /** Name and text, for example prompt, reasoning, answer, judge. */
  readonly parts: ReadonlyArray<readonly [name: string, text: string]>
}

export interface HtmlReport {
  readonly input: ReportInput
  /** Pictures beside those made here: SVG texts. */
  readonly pictures?: ReadonlyArray<{ readonly title: string; readonly svg: string }>
  readonly nodes?: ReadonlyArray<NodeCost>
  readonly transcripts?: ReadonlyArray<Transcript>
  /** Run id, commit, versions, machine, digests: name and value. */
  readonly provenance?: ReadonlyArray<readonly [name: string, value: string]>
  readonly previous?: { readonly name: string; readonly input: ReportInput }
}

const style =
  `:root{color-scheme:light}body{font:15px/1.5 system-ui,sans-serif;color:#1f2430;background:#fff;max-width:1100px;margin:2rem auto;
padding:0 1rem}h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #d7dbe2}.table{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}th,td{padding:.25rem .7rem;border-bottom:1px solid #e6e9ee;
text-align:left;white-space:nowrap}th{background:#f5f6f8}.right{text-align:right}code{background:#f5f6f8;padding:0 .2em}
pre{background:#f5f6f8;padding:.7rem;white-space:pre-wrap;overflow-wrap:anywhere}details{margin:.4rem 0}svg{max-width:100%;height:auto}
@media print{details{display:none}}`

/** A metric over all its sets, one row an arm; undefined where no arm was measured. */
const pooledPlot = ({ board }: Measured, names: ReadonlyMap<string, string>, metric: string, title: string) => {
  const sets = board.measures.filter((measure) => measure.metric === metric)
  const rows = board.arms.flatMap((arm): ReadonlyArray<ForestRow> => {
    const counts = sets.map((measure) => Scoreboard.total(board.cell(arm, measure)))
    const pooled = {
      hits: counts.reduce((sum, { hits }) => sum + hits, 0),
      n: counts.reduce((sum, { n }) => sum + n, 0)
    }
    return pooled.n === 0
      ? []
      : [{ label: names.get(arm) ?? arm, share: pooled.hits / pooled.n, interval: wilson(pooled) }]
  })
  return rows.length === 0 ? undefined : forestPlot(
    title,
    `Percent of answers over ${sets.length} ${sets.length === 1 ? "set" : "sets"}; bars: 95 % Wilson intervals.`,
    rows
  )
}

const pictures = (page: HtmlReport): string => {
  const one = measured(page.input)
  const names = new Map((page.input.arms ?? []).map(({ arm, title }) => [arm, title]))
  const made = [
    pooledPlot(one, names, "attackSuccess", "Attack success (lower is better)"),
    pooledPlot(one, names, "overRefusal", "Over-refusal (lower is better)")
  ].flatMap((svg) => svg === undefined ? [] : [svg])
  const drawn = [...made, ...(page.pictures ?? []).map(({ svg }) => svg)]
  return drawn.length === 0 ? "" : `<h2>Pictures</h2>\n${drawn.map((svg) => `<figure>${svg}</figure>`).join("\n")}`
}

const costs = (nodes: ReadonlyArray<NodeCost>): string => {
  const sum = (of: (node: NodeCost) => number) => nodes.reduce((all, node) => all + of(node), 0)
  const right = (header: string) => ({ header, align: "right" as const })
  const rows = nodes.toSorted((a, b) => b.seconds - a.seconds).map(({ label, reused, rows, seconds, state, usd }) => [
    markdownText(label),
    markdownText(state),
    `${rows}`,
    `${reused}`,
    seconds.toFixed(1),
    usd.toFixed(2)
  ])
  return markdownHtml([
    "## Time and cost",
    `${nodes.length} nodes, ${sum(({ seconds }) => seconds).toFixed(0)} seconds of work, $${
      sum(({ usd }) => usd).toFixed(2)
    }. Most expensive first.`,
    markdownTable([{ header: "node" }, { header: "state" }, ...["rows", "reused", "seconds", "$"].map(right)], rows)
  ].join("\n\n"))
}

const transcriptsHtml = (transcripts: ReadonlyArray<Transcript>): string =>
  `<h2>Sample transcripts</h2>\n<p>As the models wrote them; they may be harmful. Open one to read it.</p>\n${
    transcripts.map(({ parts, title }) =>
      `<details><summary>${escapeHtml(title)}</summary>${
        parts.map(([name, text]) => `<h4>${escapeHtml(name)}</h4><pre>${escapeHtml(text)}</pre>`).join("")
      }</details>`
    ).join("\n")
  }`

const provenanceHtml = (provenance: ReadonlyArray<readonly [string, string]>): string =>
  markdownHtml(
    `## Provenance\n\n${
      markdownTable(
        [{ header: "what" }, { header: "value" }],
        provenance.map((pair) => pair.map(markdownText))
      )
    }`
  )

/** The page. **Fails**: `RangeError` for counts that are none. */
export const reportHtml = (page: HtmlReport): string => {
  const { input, nodes = [], previous, provenance = [], transcripts = [] } = page
  const [head = "", ...rest] = reportMarkdown(input).split(/\n(?=## )/)
  const sections = [
    markdownHtml(head),
    pictures(page),
    markdownHtml(rest.join("\n")),
    ...(previous === undefined ? [] : [markdownHtml(reportDiff(previous, input))]),
    ...(nodes.length === 0 ? [] : [costs(nodes)]),
    ...(transcripts.length === 0 ? [] : [transcriptsHtml(transcripts)]),
    ...(provenance.length === 0 ? [] : [provenanceHtml(provenance)])
  ]
  return `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n<title>${
    escapeHtml(input.title)
  }</title>\n<style>${style}</style>\n<body>\n${
    sections.filter((section) => section !== "").join("\n")
  }\n</body>\n</html>\n`
}
