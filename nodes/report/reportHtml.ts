/**
 * A report as one HTML file that needs nothing else: the sections of the Markdown, pictures, time and cost of the nodes,
 * sample transcripts, where everything came from, and how another run differed. Pure: the caller collects.
 */
import { escapeHtml, markdownHtml } from "./markdownHtml.ts"
import { type Picture, pooledPlots } from "./pooledPlots.ts"
import { reportDiff } from "./reportDiff.ts"
import type { ReportInput } from "./ReportInput.ts"
import { reportMarkdown } from "./reportMarkdown.ts"
import { costSection, type NodeCost, type Provenance, provenanceSection, type Transcript } from "./runSections.ts"

export interface HtmlReport {
  readonly input: ReportInput
  /** Pictures beside those made here: SVG texts. */
  readonly pictures?: ReadonlyArray<Picture>
  readonly nodes?: ReadonlyArray<NodeCost>
  readonly transcripts?: ReadonlyArray<Transcript>
  readonly provenance?: Provenance
  readonly previous?: { readonly name: string; readonly input: ReportInput }
}

const style =
  `:root{color-scheme:light}body{font:15px/1.5 system-ui,sans-serif;color:#1f2430;background:#fff;max-width:1200px;margin:2rem auto;
padding:0 1rem}h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #d7dbe2}.table{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}th,td{padding:.25rem .6rem;border-bottom:1px solid #e6e9ee;
text-align:left;vertical-align:top}th{background:#f5f6f8}.right{text-align:right;white-space:nowrap}
td:first-child{min-width:7rem}code{background:#f5f6f8;padding:0 .2em;overflow-wrap:anywhere}
pre{background:#f5f6f8;padding:.7rem;white-space:pre-wrap;overflow-wrap:anywhere}details{margin:.4rem 0}.table{margin:.8rem 0}svg{max-width:100%;height:auto}
@media print{details{display:none}}`

const pictures = ({ input, pictures = [] }: HtmlReport): string => {
  const all = [...pooledPlots(input), ...pictures]
  return all.length === 0 ? "" : `<h2>Pictures</h2>\n${all.map(({ svg }) => `<figure>${svg}</figure>`).join("\n")}`
}

const transcriptsHtml = (transcripts: ReadonlyArray<Transcript>): string =>
  `<h2>Sample transcripts</h2>\n<p>As the models wrote them; they may be harmful. Open one to read it.</p>\n${
    transcripts.map(({ parts, title }) =>
      `<details><summary>${escapeHtml(title)}</summary>${
        parts.map(([name, text]) => `<h4>${escapeHtml(name)}</h4><pre>${escapeHtml(text)}</pre>`).join("")
      }</details>`
    ).join("\n")
  }`

/** The page. **Fails**: `RangeError` for counts that are none. */
export const reportHtml = (page: HtmlReport): string => {
  const { input, nodes = [], previous, provenance = [], transcripts = [] } = page
  const [head = "", ...rest] = reportMarkdown(input).split(/\n(?=## )/)
  const sections = [
    markdownHtml(head),
    pictures(page),
    markdownHtml(rest.join("\n")),
    ...(previous === undefined ? [] : [markdownHtml(reportDiff(previous, input))]),
    ...(nodes.length === 0 ? [] : [markdownHtml(costSection(nodes))]),
    ...(transcripts.length === 0 ? [] : [transcriptsHtml(transcripts)]),
    ...(provenance.length === 0 ? [] : [markdownHtml(provenanceSection(provenance))])
  ]
  return `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n<title>${
    escapeHtml(input.title)
  }</title>\n<style>${style}</style>\n<body>\n${
    sections.filter((section) => section !== "").join("\n")
  }\n</body>\n</html>\n`
}
