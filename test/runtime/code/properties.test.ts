import { assert, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { readdirSync, readFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { join, resolve } from "node:path"
import { parseSync } from "oxc-parser"
import { describe } from "vitest"
import { summarise } from "../../../runtime/code/form/summarise.ts"
import type { Syntax } from "../../../runtime/code/form/Syntax.ts"

const root = resolve(import.meta.dirname, "../../..")

/** Real sources of many styles: this folder's own, and some of effect's. */
const sources = [
  ...readdirSync(join(root, "runtime/code"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(root, "runtime/code", file)),
  ...["Cron.ts", "Graph.ts", "PartitionedSemaphore.ts", "Queue.ts", "Schedule.ts", "internal/hashMap.ts"]
    .map((file) => join(root, "node_modules/effect/src", file))
].map((file) => readFileSync(file, "utf8"))

/** All a digest takes from a file: everything in its summary but places. */
const meaning = (text: string): string => {
  const { exports, imports, stars, units } = summarise(parseSync, "source.ts", text)
  assert.notInclude(units.map((unit) => unit.findings.map((finding) => finding.what).join()).join(), "a syntax error")
  return JSON.stringify([
    exports,
    imports,
    stars,
    units.map(({ end: _, findings, functions, line: __, start: ___, ...rest }) => [
      rest,
      functions.length,
      findings.map((finding) => finding.what)
    ])
  ])
}

type Visit = (node: Syntax, parent: Syntax | undefined) => void

const visit = (node: unknown, each: Visit, parent?: Syntax): void => {
  if (Array.isArray(node)) return node.forEach((one) => visit(one, each, parent))
  if (typeof node !== "object" || node === null) return
  const syntax = node as Syntax
  if (typeof syntax.type === "string") each(syntax, parent)
  const own = typeof syntax.type === "string" ? syntax : parent
  for (const field of Object.values(node)) visit(field, each, own)
}

/** Offsets before which a comment may stand: where any node starts, but for text inside templates. */
const gaps = (text: string): ReadonlyArray<number> => {
  const found = new Set<number>()
  visit(parseSync("source.ts", text).program, (node) => {
    if (node.type !== "TemplateElement" && node.type !== "Program") found.add(node.start)
  })
  return [...found]
}

interface Literal {
  readonly start: number
  readonly end: number
  readonly other: string
}

/** Literals that run, with another value each. Specifiers of modules are no literals of the program. */
const literals = (text: string): ReadonlyArray<Literal> => {
  const found: Array<Literal> = []
  visit(parseSync("source.js", text).program, ({ end, start, type, value }, parent) => {
    if (type !== "Literal" || /^(Import|Export)/.test(parent?.type ?? "")) return
    if (typeof value === "number") found.push({ start, end, other: String(value + 1) })
    if (typeof value === "string") found.push({ start, end, other: JSON.stringify(`${value}!`) })
    if (typeof value === "boolean") found.push({ start, end, other: String(!value) })
  })
  return found
}

const scripts = sources.map((text) => stripTypeScriptTypes(text))
const places = { comments: sources.map(gaps), literals: scripts.map(literals) }
const meanings = { sources: sources.map(meaning), scripts: scripts.map(meaning) }

const index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 30 }))
const pick = <A>(from: ReadonlyArray<A>, at: number): A => from[at % from.length]!

describe("on real sources", () => {
  it("erasing the types, by Node's own stripper, changes nothing", () => {
    for (const [file, text] of meanings.sources.entries()) assert.strictEqual(text, meanings.scripts[file])
  })

  it.prop(
    "comments and spaces change nothing",
    [index, Schema.Array(index), Schema.Literals(["/* note */ ", "  ", "/**/", "/* `1` */\t"])],
    ([at, spots, blank]) => {
      const file = at % sources.length
      const offsets = [...new Set(spots.map((spot) => pick(places.comments[file]!, spot)))].sort((a, b) => b - a)
      const text = offsets.reduce((all, offset) => all.slice(0, offset) + blank + all.slice(offset), sources[file]!)
      assert.strictEqual(meaning(text), meanings.sources[file])
    },
    { arbitrary: { runs: 60 } }
  )

  it.prop(
    "another value of any literal is seen",
    [index, index],
    ([at, spot]) => {
      const file = at % scripts.length
      if (places.literals[file]!.length === 0) return
      const { end, other, start } = pick(places.literals[file]!, spot)
      const text = scripts[file]!.slice(0, start) + other + scripts[file]!.slice(end)
      assert.notStrictEqual(meaning(text), meanings.scripts[file])
    },
    { arbitrary: { runs: 60 } }
  )
})
