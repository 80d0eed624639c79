/**
 * What a report says of its run beside its numbers, as Markdown: time and cost of the nodes, answers to look at, where
 * everything came from. Pure: the caller collects.
 */
import { markdownTable, markdownText } from "./markdownTable.ts"

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

/** Run id, versions, machine, digests: name and value. */
export type Provenance = ReadonlyArray<readonly [name: string, value: string]>

/** The section `Time and cost`, the nodes that took longest first. */
export const costSection = (nodes: ReadonlyArray<NodeCost>): string => {
  const sum = (some: ReadonlyArray<NodeCost>, of: (node: NodeCost) => number) =>
    some.reduce((all, node) => all + of(node), 0)
  const spent = (some: ReadonlyArray<NodeCost>) =>
    `${sum(some, ({ seconds }) => seconds).toFixed(0)} seconds of work, $${sum(some, ({ usd }) => usd).toFixed(2)}`
  const ran = nodes.filter(({ state }) => state === "ran")
  const right = (header: string) => ({ header, align: "right" as const })
  const rows = nodes.toSorted((a, b) => b.seconds - a.seconds).map(({ label, reused, rows, seconds, state, usd }) => [
    markdownText(label),
    markdownText(state),
    `${rows}`,
    `${reused}`,
    seconds.toFixed(1),
    usd.toFixed(2)
  ])
  return [
    "## Time and cost",
    `${nodes.length} nodes, ${spent(nodes)}${
      ran.length === nodes.length ? "" : `; ${ran.length} of them ran in this run, ${spent(ran)}`
    }. What took longest first; a result that is not of this run stands with what it took when it was made.`,
    markdownTable([{ header: "node" }, { header: "state" }, ...["rows", "reused", "seconds", "$"].map(right)], rows)
  ].join("\n\n")
}

/** A text as a block of code that nothing in it can end. */
const fenced = (text: string): string => {
  const runs = [...text.matchAll(/`+/gu)].map(([run]) => run.length)
  const fence = "`".repeat(Math.max(3, ...runs.map((length) => length + 1)))
  return `${fence}text\n${text}\n${fence}`
}

/** The section `Sample transcripts`. */
export const transcriptSection = (transcripts: ReadonlyArray<Transcript>): string =>
  [
    "## Sample transcripts",
    "As the models wrote them; they may be harmful.",
    ...transcripts.flatMap(({ parts, title }) => [
      `### ${markdownText(title)}`,
      ...parts.flatMap(([name, text]) => [`*${markdownText(name)}*`, fenced(text)])
    ])
  ].join("\n\n")

/** The section `Provenance`. */
export const provenanceSection = (provenance: Provenance): string =>
  `## Provenance\n\n${
    markdownTable([{ header: "what" }, { header: "value" }], provenance.map((pair) => pair.map(markdownText)))
  }`
