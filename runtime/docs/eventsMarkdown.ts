/**
 * `docs/events.md` and `docs/events.schema.json`, made from the schemas of `Event.ts`: what a line of the event log may
 * be, as tables for people and as JSON Schema for programs. Run as a program it writes both; a test fails while one is out
 * of date.
 */
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import { writeFileSync } from "node:fs"
import { Event } from "../Event.ts"
import { lineOf } from "../EventLog.ts"

/** A small run as its log has it. */
const key = "3f2a91c07b5e4d68a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718"
export const example: ReadonlyArray<Event> = [
  { event: "RunStarted", run: "2026-11-21T14-22-08-551Z-k3x9f", experiment: "experiments/quickstart", nodes: 3 },
  { event: "NodeFresh", label: "rollout", key, rows: 480 },
  { event: "NodeStarted", label: "critique", key, why: "loadSpec: text changed" },
  { event: "RowsFound", label: "critique", total: 112, fresh: 109, toRun: 3 },
  {
    event: "RowRetried",
    label: "critique",
    row: "57aa96470dae8a7c#1",
    attempt: 1,
    class: "rate-limit",
    delayMs: 2140,
    reason: "the expert answered 429"
  },
  { event: "Progress", label: "critique", done: 2, total: 3, usd: 0.01 },
  {
    event: "NodeFinished",
    label: "critique",
    key,
    durationMs: 2630,
    usd: 0.015,
    rows: { ran: 3, fresh: 109, failed: 0, retries: 1 },
    unchanged: false
  },
  { event: "NodeStarted", label: "mixCounts", key, why: "critique: verdict changed" },
  { event: "NodeFinished", label: "mixCounts", key, durationMs: 31, usd: 0, unchanged: true },
  {
    event: "RunFinished",
    ok: true,
    nodes: { total: 3, ran: 2, fresh: 1, failed: 0, skipped: 0 },
    rows: { ran: 3, fresh: 109, failed: 0, retries: 1 },
    durationMs: 2812,
    usd: 0.015
  }
]

const startedMs = Date.UTC(2026, 10, 21, 14, 22, 8, 551)

/** When each event of the example happens. **Unit**: milliseconds since its start. */
const exampleTimes = [0, 40, 55, 90, 470, 2600, 2685, 2690, 2721, 2812]

interface Property {
  readonly type?: string
  readonly $ref?: string
  readonly enum?: ReadonlyArray<unknown>
  readonly description?: string
  readonly allOf?: ReadonlyArray<{ readonly description?: string }>
  readonly properties?: { readonly [name: string]: Property }
  readonly required?: ReadonlyArray<string>
}

/** A description may stand beside the type or, where a check follows it, in `allOf`. */
const descriptionOf = ({ allOf, description }: Property): string =>
  description ?? allOf?.map((part) => part.description).find((text) => text !== undefined) ?? ""

const typeText = (property: Property): string => {
  if (property.enum !== undefined) return property.enum.map((value) => `\`${JSON.stringify(value)}\``).join(" or ")
  if (property.properties !== undefined) return "object"
  return property.type ?? ""
}

type Row = readonly [field: string, type: string, meaning: string]

const rowsOf = (schema: Property, prefix = ""): ReadonlyArray<Row> =>
  Object.entries(schema.properties ?? {}).filter(([name]) => prefix !== "" || name !== "event").flatMap(
    ([name, property]) => {
      const optional = schema.required?.includes(name) === true ? "" : " *"
      const row: Row = [`\`${prefix}${name}\`${optional}`, typeText(property), descriptionOf(property)]
      return [row, ...rowsOf(property, `${prefix}${name}.`)]
    }
  )

/** A Markdown table with its columns aligned. */
const tableOf = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const all: ReadonlyArray<Row> = [["field", "type", "meaning"], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]!.length)))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`
  return [line(all[0]!), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)]
}

/** The document of one member of the union, every reference resolved: each table stands for itself. */
const documentOf = (schema: Schema.Top): Property => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema)
  const found = (root as Property).$ref === undefined
    ? root
    : (definitions as { readonly [name: string]: unknown })[(root as Property).$ref!.split("/").at(-1)!]
  return found as Property
}

const identifierOf = (ast: SchemaAST.AST): string => String(ast.annotations?.["identifier"])

const section = (member: Schema.Top): string => {
  const schema = documentOf(member)
  const rows = rowsOf(schema)
  return [
    `### ${identifierOf(member.ast)}`,
    "",
    descriptionOf(schema),
    ...(rows.length === 0 ? [] : ["", ...tableOf(rows)])
  ].join("\n")
}

/** The text of `docs/events.schema.json`. */
export const eventsSchema = (): string => {
  const { definitions, schema } = Schema.toJsonSchemaDocument(Event)
  const whole = { $schema: "https://json-schema.org/draft/2020-12/schema", ...schema, $defs: definitions }
  return `${JSON.stringify(whole, undefined, 2)}\n`
}

/** The text of `docs/events.md`. */
export const eventsMarkdown = (): string =>
  `# Events

<!-- Made by \`node runtime/docs/eventsMarkdown.ts\` from runtime/Event.ts; edit that. -->

What a run says while it runs. \`pipeline run --json\` prints these lines on standard output, and every run keeps them in
its cache beside its record, as \`runs/<run>.ndjson\`; \`pipeline log [RUN]\` reads them, \`--follow\` while the run goes on,
\`--node\` of one node, \`--json\` as they are.

Each line is one JSON object: the name \`event\`, the fields below, and \`t\`, when it happened (ISO 8601, UTC). Units are in
the names or in the meanings: milliseconds, US dollars. Fields with * may be absent. A later version may add events and
fields, so a reader leaves out what it does not know. The same for programs, without \`t\`:
[events.schema.json](events.schema.json).

The log is an explanation, never a source: nothing is computed from it. It is written at least every 250 ms and not
synced, so a run that was killed may lack its last lines or end in a torn one. \`Progress\` is thinned to two lines a second
of a node, the latest of which may stand half a second late; \`--json\` has every one. How many rows of a node have failed or were tried again is in
\`NodeFinished\`; a row that fails has a line of its own, of a node that fails too.

## The events

${Event.members.map(section).join("\n\n")}

## A run

\`\`\`json
${example.map((event, index) => lineOf(event, startedMs + exampleTimes[index]!)).join("\n")}
\`\`\`
`

if (import.meta.main) {
  writeFileSync(new URL("../../docs/events.md", import.meta.url), eventsMarkdown())
  writeFileSync(new URL("../../docs/events.schema.json", import.meta.url), eventsSchema())
}
