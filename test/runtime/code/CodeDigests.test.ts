import { assert, describe, it } from "vitest"
import { type Edit, edited, type Files, open } from "./fixture.ts"

/** Four nodes over helpers, tables, data and cycles; each edit below names the nodes it must change, and no other may. */
const project: Files = {
  "package.json": `{ "name": "fixture", "type": "module" }`,
  "node_modules/effect/package.json": `{ "name": "effect", "version": "4.1.0", "type": "module" }`,
  "node_modules/left/package.json": `{ "name": "left", "version": "1.0.0", "type": "module" }`,
  "runtime/Node.ts": `export const make = (spec: any) => spec, mapRows = make`,
  "runtime/Type.ts": `export const table = (name: string, columns: any, options?: any) => ({ name, columns, options })
export const value = (name: string, schema: any) => ({ name, schema })`,
  "nodes/tables.ts": `import * as Schema from "effect/Schema"
import * as Type from "../runtime/Type.ts"
import { parse } from "./prompt.ts"
const verdicts = ["safe", "unsafe"] as const
export const Rollout = Type.table("rollout", { id: Schema.String, completion: Schema.String }, { id: ["id"] })
export const Critique = Type.table("critique", { id: Schema.String, score: Schema.Finite, verdict: Schema.Literals(verdicts) })
export const Example = Type.table("example", { id: Schema.String, weight: Schema.Finite })
export const Parsed = Type.table("parsed", { id: Schema.String.pipe(Schema.decode(parse)) })`,
  "nodes/critique.ts": `import type { Odd } from "./odd.ts"
import * as Effect from "effect/Effect"
import * as Node from "../runtime/Node.ts"
import { Critique, Rollout } from "./tables.ts"
import { ask, type Asked } from "./prompt.ts"
import { clip, Meter } from "./math/index.ts"
import { pad } from "left/pad"
import rubric from "./rubric.json" with { type: "json" }
/** Grades. */
export const critique = Node.mapRows({
  name: "critique", version: 1, input: Rollout, output: Critique, cost: "expensive",
  given: (row: any, side: any) => ({ clause: side.length }),
  *run({ id, completion }: any, clipped = 3): any {
    const meter = new Meter()
    const text = ask(completion, rubric)
    outer: for (const c of text) { for (const d of c) { if (d === "x") continue outer; if (d === "y") break } }
    const { length: size, ...others } = text as any
    yield* Effect.log(text) as any
    return { id, score: clip(meter.use(size)) + others?.bonus?.value!, note: describe(pad(id)) }
  }
})
function describe(ask: string) { const clip = 1; return { ask, clip } }
export function over(a: string): string
export function over(a: number): string
export function over(a: any): string { return String(a) }
const unreached = () => 1
export const usesOver = Node.make({ name: "usesOver", version: 1, *run() { return over(1) } })`,
  "nodes/other.ts": `import * as Node from "../runtime/Node.ts"
import * as tables from "./tables.ts"
import { ask } from "./prompt.ts"
export const other = Node.make({ name: "other", version: 1, inputs: { all: tables.Parsed }, output: tables.Example, *run() { return Object.keys(tables.Example.columns) } })
export const third = Node.make({ name: "third", version: 1, *run() { return ask("q", {}) } })`,
  "nodes/prompt.ts": `import { limit } from "./limits.ts"
export interface Asked { text: string }
const head = \`You are a strict judge.
Say \${"yes"} or no.\`
export const ask = (completion: string, rubric: any): string => head + trim(completion) + rubric.text
const trim = (text: string) => text.slice(0, limit("short"))
export const parse = (n: number) => { return n * 2 }`,
  "nodes/limits.ts": `const limits = { short: 100, long: 1e3 }
export const limit = (k: keyof typeof limits): number => limits[k]`,
  "nodes/math/index.ts": `export * from "./clip.ts"
export { Gauge as Meter } from "./meter.ts"`,
  "nodes/math/clip.ts": `import { even } from "./cycle.ts"
export const clip = (n: number, low = 0, high = 1): number => even(2) ? Math.min(high, Math.max(low, n)) : n
export const odd = (n: number): boolean => n === 0 ? false : even(n - 1)`,
  "nodes/math/cycle.ts": `import { odd } from "./clip.ts"
export const even = (n: number): boolean => n === 0 ? true : odd(n - 1)`,
  "nodes/math/meter.ts": `export class Gauge {
  #n = 1
  use(n: number): number { return n * this.#n }
  reset() { this.#n = 0 }
}
export class Idle { rest() { return 1 } }`,
  "nodes/rubric.json": `{ "text": "be fair" }`,
  "experiment.ts": `import { critique, usesOver } from "./nodes/critique.ts"
import { other, third } from "./nodes/other.ts"
export default { seed: 1, nodes: [critique, usesOver, other, third] }`
}

const nodes = [["critique", "nodes/critique.ts"], ["usesOver", "nodes/critique.ts"], ["other", "nodes/other.ts"], [
  "third",
  "nodes/other.ts"
]] as const

const digests = async (files: Files) => {
  const code = await open(files, { ignorePackages: ["effect"] })
  return nodes.map(([name, file]) => {
    const { digest, refused } = code.ofExport(file, name)
    assert.deepStrictEqual(refused, [])
    return [name, digest] as const
  })
}

const C = "nodes/critique.ts"
const P = "nodes/prompt.ts"

describe("a cosmetic edit changes no digest", () => {
  const edits: ReadonlyArray<readonly [title: string, ...edits: ReadonlyArray<Edit>]> = [
    ["comment", [C, "/** Grades. */", "// Grades each rollout.\n"], [P, "", "\n// end"]],
    [
      "formatting, quotes, semicolons, parentheses, trailing commas",
      [C, "new Meter()", "(new Meter);\n\n"],
      [C, `"x"`, "'x'"],
      [C, "{ ask, clip }", "{\n  ask,\n  clip,\n}"],
      [P, "=> head", "=>\n    (head)"]
    ],
    [
      "quoted key, 1000 for 1e3, braces round one statement, arrow body with return",
      ["nodes/limits.ts", "short:", `"short":`],
      ["nodes/limits.ts", "1e3", "1000"],
      [C, "continue outer;", "{ continue outer };"],
      [P, `=> text.slice(0, limit("short"))`, `=> { return text.slice(0, limit("short")) }`]
    ],
    ["type assertion", [C, " = text as any", " = text"], [C, "Effect.log(text) as any", "Effect.log(text)"]],
    ["type annotation", [P, "completion: string", "completion: `${string}`"], [
      C,
      "ask: string",
      "ask: NoInfer<string>"
    ]],
    [
      "interface edited, import type removed",
      [P, "text: string }", "text: number; more?: 1 }"],
      [C, `import type { Odd } from "./odd.ts"\n`, ""],
      [C, ", type Asked", ""]
    ],
    [
      "`satisfies` and `as const` added, `!` removed",
      ["nodes/limits.ts", "1e3 }", "1e3 } as const satisfies object"],
      [C, "value!", "value"]
    ],
    ["overload added", [
      C,
      "over(a: number): string\n",
      "over(a: number): string\nexport function over(a: bigint): string\n"
    ]],
    ["line endings", [C, /\n/g, "\r\n"], [P, /\n/g, "\r\n"], ["nodes/rubric.json", "{ ", "{\r\n"]],
    ["local renamed", [C, /\bsize\b/g, "count"], [C, /\bothers\b/g, "rest"]],
    ["label renamed", [C, /\bouter\b/g, "rows"]],
    [
      "helper renamed with all uses",
      [P, /\btrim\b/g, "shorten"],
      [P, /\bask\b/g, "pose"],
      [C, "{ ask, type", "{ pose, type"],
      [C, "= ask(", "= pose("],
      ["nodes/other.ts", /\bask\b/g, "pose"]
    ],
    [
      "helper moved to another file",
      [P, `const trim = (text: string) => text.slice(0, limit("short"))\n`, ""],
      [P, `import { limit } from "./limits.ts"`, `import { trim } from "./trim.ts"`],
      [
        "nodes/trim.ts",
        "",
        `import { limit } from "./limits.ts"\nexport const trim = (s: string) => s.slice(0, limit("short"))`
      ]
    ],
    ["declarations reordered", ["nodes/limits.ts", /^(.*)\n(.*)$/g, "$2\n$1"]],
    [
      "unrelated exports added to the same files",
      [C, "", "\nexport const extra = Node.make({ name: 'extra', version: 1 })"],
      [P, "", "\nexport const more = [1].map((x) => x)"],
      ["nodes/math/index.ts", "", "\nexport const pi = 3"]
    ],
    [
      "unreachable code in the same files",
      [C, "unreached = () => 1", "unreached = () => 2"],
      ["nodes/math/meter.ts", "return 1", "return 2"]
    ],
    ["JSON formatting", ["nodes/rubric.json", "{ ", "{\n  "]],
    ["inert properties of a definition", [
      C,
      `cost: "expensive"`,
      `retry: { tries: 3 }, slot: "gpu", timeoutSeconds: 9, batch: 8, description: "d"`
    ]],
    ["`given`: its value is in the key", [C, "side.length", "side.length + 1"]],
    ["a column of a table that is only declared as a port", [
      "nodes/tables.ts",
      "completion: Schema.String",
      "completion: Schema.Finite"
    ]],
    ["a constant in the schema of a port", ["nodes/tables.ts", `["safe", "unsafe"]`, `["safe", "unsafe", "unclear"]`]],
    ["the engine", ["runtime/Node.ts", "=> spec", "=> (spec)"], ["runtime/Node.ts", "", "\nexport const sql = make"]],
    ["version of an ignored package", ["node_modules/effect/package.json", "4.1.0", "4.2.0"]],
    ["numbers of the experiment", ["experiment.ts", "seed: 1", "seed: 2"]]
  ]
  for (const [title, ...changes] of edits) {
    it(title, async () => assert.deepStrictEqual(await digests(edited(project, changes)), await digests(project)))
  }
})

describe("an edit changes the digests of the nodes that reach it, and no other", () => {
  const edits: ReadonlyArray<readonly [title: string, changed: string, ...edits: ReadonlyArray<Edit>]> = [
    ["constant", "critique third", ["nodes/limits.ts", "100", "101"]],
    ["helper two calls deep in another file", "critique third", ["nodes/limits.ts", "limits[k]", "limits[k] + 0"]],
    ["through `export *`", "critique", ["nodes/math/clip.ts", "Math.max(low, n)", "Math.max(n, low)"]],
    ["through `export { a as b } from`: a method not used", "critique", [
      "nodes/math/meter.ts",
      "this.#n = 0",
      "this.#n = 2"
    ]],
    ["method used", "critique", ["nodes/math/meter.ts", "n * this", "n + this"]],
    ["member of an import cycle", "critique", ["nodes/math/cycle.ts", "? true", "? !false"]],
    ["line break in a template", "critique third", [P, "judge.\nSay", "judge. Say"]],
    ["value in JSON", "critique", ["nodes/rubric.json", "fair", "kind"]],
    ["default parameter of the node", "critique", [C, "clipped = 3", "clipped = 4"]],
    ["default parameter of a helper", "critique", ["nodes/math/clip.ts", "high = 1", "high = 2"]],
    ["table that a body reads", "other", ["nodes/tables.ts", "weight: Schema.Finite", "weight: Schema.String"]],
    ["transformation in the table of a port", "other", [P, "n * 2", "n * 3"]],
    ["version of a package", "critique", ["node_modules/left/package.json", "1.0.0", "1.0.1"]],
    ["other subpath of a package", "critique", [C, "left/pad", "left/fill"]],
    ["other member of an ignored package", "critique", [C, "Effect.log", "Effect.logDebug"]],
    ["version in the definition", "critique", [C, "version: 1, input", "version: 2, input"]],
    ["carry in the definition", "usesOver", [C, `"usesOver", version: 1`, `"usesOver", carry: ["id"], version: 1`]],
    ["port renamed", "other", ["nodes/other.ts", "inputs: { all:", "inputs: { every:"]],
    ["parameter that shadows a binding, renamed", "critique", [
      C,
      "describe(ask: string) { const clip = 1; return",
      "describe(id: string) { const clip = 1; return"
    ]]
  ]
  for (const [title, changed, ...changes] of edits) {
    it(title, async () => {
      const [before, after] = [await digests(project), await digests(edited(project, changes))]
      const got = after.filter(([, digest], index) => digest !== before[index]![1]).map(([name]) => name)
      assert.strictEqual(got.join(" "), changed)
    })
  }
})
