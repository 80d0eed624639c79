/**
 * Why something is stale: the one function behind plan, run, `why` and the page. It compares the parts of the key a node
 * has now with the parts of its last result, and says for every part that differs what it was and what it is. Which rows
 * and settings stand behind a reason is looked up by `why/` alone, where somebody asks.
 */
import { canonicalJson } from "../cache/Digest.ts"
import type { CodePart } from "./Code.ts"
import type { InputPart, KeyParts } from "./Key.ts"

export interface Reason {
  /** `new`, `code`, `version`, `params`, `seed`, `output`, `uses`, `input` or `forced`. */
  readonly part: string
  /** One line. */
  readonly text: string
  readonly from?: string
  readonly to?: string
  /** Of an input: its port, and the columns whose cells differ; no columns where it counts whole. */
  readonly port?: string
  readonly columns?: ReadonlyArray<string>
  /** Of a parameter: where it lies in the node's params. */
  readonly path?: string
  /** Of code: `file:line` below the project. */
  readonly at?: string
}

/** What a stored action remembers of its key. */
export interface StoredParts {
  readonly key: KeyParts
  readonly code: ReadonlyArray<CodePart>
}

export const short = (value: unknown): string => {
  const text = typeof value === "string" ? value : canonicalJson(value ?? null)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

const isNested = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A place at which two JSON values differ. */
export interface Difference {
  readonly path: string
  readonly from: unknown
  readonly to: unknown
}

/** Items of a list that may differ without the whole list being what differs. */
const mostItems = 4

/** What an item of a list is known by: a setting by its path. */
const itemName = (item: { readonly [name: string]: unknown }, index: number): string =>
  String(item["path"] ?? item["name"] ?? item["id"] ?? index)

/** Paths in two lists of as many records; none where they are other lists, or differ all over. */
const differingItems = (before: unknown, after: unknown, path: string): ReadonlyArray<Difference> => {
  if (!Array.isArray(before) || !Array.isArray(after) || before.length !== after.length) return []
  if (![...before, ...after].every(isNested)) return []
  const found: Array<Difference> = []
  for (const [index, item] of after.entries()) {
    found.push(...differingPaths(before[index], item, `${path}[${itemName(item, index)}]`))
    if (found.length > mostItems) return []
  }
  return found
}

/** Paths at which two JSON values differ: records are followed, and lists of records where few of them differ. */
export const differingPaths = (before: unknown, after: unknown, path = ""): ReadonlyArray<Difference> => {
  if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) return []
  if (!isNested(before) || !isNested(after)) {
    const items = differingItems(before, after, path)
    return items.length > 0 ? items : [{ path, from: before, to: after }]
  }
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    differingPaths(before[name], after[name], path === "" ? name : `${path}.${name}`)
  )
}

const codeReasons = (before: ReadonlyArray<CodePart>, after: ReadonlyArray<CodePart>): ReadonlyArray<Reason> => {
  const known = new Set(before.map((part) => part.hash))
  const names = new Set(before.map((part) => part.name))
  const now = new Set(after.map((part) => part.hash))
  const reason = (text: string, at?: string): Reason => ({
    part: "code",
    text: `code changed: ${text}`,
    ...(at === undefined ? {} : { at })
  })
  const changed = after.filter((part) => !known.has(part.hash)).map(({ at, name }) =>
    reason(names.has(name) ? `${name} at ${at}` : `${name} at ${at} is new`, at)
  )
  if (changed.length > 0) return changed.slice(0, 3)
  const gone = before.filter((part) => !now.has(part.hash))
  if (gone.length === 0) return [reason("a package it uses has another version")]
  return gone.slice(0, 3).map(({ at, name }) => reason(`${name} is no longer used (was at ${at})`))
}

/** The first line in which two statements differ. */
const statementReason = (before: string, after: string): Reason => {
  const lines = (text: string) => text.split("\n").map((line) => line.trim()).filter((line) => line !== "")
  const [then, now] = [lines(before), lines(after)]
  const first = now.findIndex((line, index) => line !== then[index])
  const at = first < 0 ? now.length : first
  return {
    part: "code",
    text: "the statement changed",
    from: short(then[at] ?? "(end)"),
    to: short(now[at] ?? "(end)")
  }
}

/** The content of an input that counts whole; undefined for one that counts by columns. */
const contentOf = (part: InputPart): string | undefined => "content" in part ? part.content : undefined

const inputReason = (
  port: string,
  label: string,
  before: InputPart | undefined,
  after: InputPart
): Reason | undefined => {
  if (before === undefined) return { part: "input", text: `input ${port} is new`, port }
  if ("content" in after || "content" in before) {
    const [from, to] = [contentOf(before), contentOf(after)]
    return from === to
      ? undefined
      : { part: "input", text: `${label} changed`, from: short(from?.slice(0, 8)), to: short(to?.slice(0, 8)), port }
  }
  const columns = Object.keys(after.columns).filter((column) => before.columns[column] !== after.columns[column])
  if (before.rows !== after.rows) {
    return {
      part: "input",
      text: `${label}: ${before.rows} → ${after.rows} rows`,
      from: `${before.rows}`,
      to: `${after.rows}`,
      port,
      columns
    }
  }
  if (columns.length === 0) return undefined
  return { part: "input", text: `${label}: ${columns.slice(0, 4).join(", ")} changed`, port, columns }
}

/**
 * Every difference between a node's last key and this one, outermost causes first.
 * `labels` names the vertex on each port; `before` is undefined when the node never finished under this name.
 */
export const differences = (
  before: StoredParts | undefined,
  after: StoredParts,
  labels: { readonly [port: string]: string }
): ReadonlyArray<Reason> => {
  if (before === undefined) return [{ part: "new", text: "has not run yet" }]
  const [a, b] = [before.key, after.key]
  const reasons: Array<Reason> = []
  for (const [port, input] of Object.entries(b.inputs)) {
    const reason = inputReason(port, labels[port] ?? port, a.inputs[port], input)
    if (reason !== undefined) reasons.push(reason)
  }
  for (const { from, path, to } of differingPaths(a.params, b.params)) {
    reasons.push({
      part: "params",
      text: `${path || "params"}: ${short(from)} → ${short(to)}`,
      from: short(from),
      to: short(to),
      path
    })
  }
  if (a.seed !== b.seed) {
    reasons.push({ part: "seed", text: `seed: ${a.seed} → ${b.seed}`, from: `${a.seed}`, to: `${b.seed}` })
  }
  for (const { from, path, to } of differingPaths(a.uses, b.uses)) {
    const service = path.split("/").slice(2).join("/") || path
    reasons.push({ part: "uses", text: `${service}: ${short(from)} → ${short(to)}`, from: short(from), to: short(to) })
  }
  if (a.version !== b.version) reasons.push({ part: "version", text: `version: ${a.version} → ${b.version}` })
  if (canonicalJson(a.output) !== canonicalJson(b.output) || canonicalJson(a.carry) !== canonicalJson(b.carry)) {
    reasons.push({ part: "output", text: "its output table changed" })
  }
  if (a.code !== b.code) {
    reasons.push(
      ...(b.kind === "sql" ? [statementReason(a.code, b.code)] : codeReasons(before.code, after.code))
    )
  }
  return reasons.length > 0 ? reasons : [{ part: "new", text: "its result is no longer in the cache" }]
}

/** True when nothing but code differs: the case in which an expensive node asks. */
export const onlyCode = (reasons: ReadonlyArray<Reason>): boolean =>
  reasons.length > 0 && reasons.every((reason) => reason.part === "code")
