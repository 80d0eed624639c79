import { assert, describe, it } from "vitest"
import { digestOf, type Files } from "./fixture.ts"

type Case = readonly [title: string, one: Files, other: Files]

const entry = (text: string, more: Files = {}): Files => ({
  "node_modules/left/package.json": `{ "name": "left", "version": "1.0.0" }`,
  ...more,
  "experiment.ts": text
})

/** One program with a hole in one of its files, filled twice. */
const holed = (title: string, program: (hole: string) => Files, one = "1", other = "2"): Case => [
  title,
  program(one),
  program(other)
]

describe("what reaches a digest", () => {
  const registry = {
    "registry.ts": `const all = new Map()
export const register = (k: string, f: any) => { all.set(k, f) }
export const find = (k: string) => all.get(k)`
  }
  const ported = {
    "runtime/Node.ts": "",
    "runtime/Type.ts": "",
    "node.ts": `import * as Node from "./runtime/Node.ts"; import { Rollout } from "./tables.ts"
export const node = Node.make({ name: "n", inputs: { rows: Rollout }, run: () => 1 })`
  }
  const namespaced = (use: string) => (hole: string) =>
    entry(`import * as a from "./a.ts"\nexport default ${use}`, { "a.ts": `export const h = 1, g = ${hole}` })
  const cases: ReadonlyArray<Case> = [
    holed(
      "one of two copies of a helper",
      (hole) =>
        entry(`import { h } from "./a.ts"; import { h as g } from "./b.ts"; export default () => h() + g()`, {
          "a.ts": "export const h = () => 1",
          "b.ts": `export const h = () => ${hole}`
        })
    ),
    holed(
      "the writer of a `let`",
      (hole) => entry(`let mode = 1; export const set = (m: any) => { mode = ${hole} }; export default () => mode`),
      "m",
      "m + 1"
    ),
    holed(
      "a registry filled by a module nobody names",
      (hole) =>
        entry(`import "./plugin.ts"; import { find } from "./registry.ts"; export default () => find("a")`, {
          ...registry,
          "plugin.ts": `import { register } from "./registry.ts"; register("a", () => ${hole})`
        })
    ),
    holed(
      "a registry filled by the initialiser of a constant",
      (hole) =>
        entry(`import { find } from "./registry.ts"; import "./handle.ts"; export default () => find("a")`, {
          ...registry,
          "handle.ts": `import { register } from "./registry.ts"; export const handle = register("a", () => ${hole})`
        })
    ),
    holed(
      "a registry filled through a function that is handed on",
      (hole) =>
        entry(`export { node as default } from "./node.ts"; import "./handle.ts"`, {
          ...registry,
          "node.ts": `import { find } from "./registry.ts"; export const node = () => find("a")`,
          "handle.ts": `import { register } from "./registry.ts"; export const done = [["a", ${hole}]].map(register)`
        })
    ),
    holed(
      "a registry filled by a method of any name, from a module the reached one does not import",
      (hole) =>
        entry(`export { node as default } from "./node.ts"; import "./plugin.ts"`, {
          "node.ts": `import { tools } from "./tools.ts"; export const node = () => tools.get("a")`,
          "tools.ts": "class Tools { plug(k: string, f: any) {} get(k: string) {} }\nexport const tools = new Tools()",
          "plugin.ts": `import { tools } from "./tools.ts"; tools.plug("a", () => ${hole})`
        })
    ),
    holed(
      "a statement of an imported module",
      (hole) =>
        entry(`import { h } from "./a.ts"; export default () => h`, { "a.ts": `export const h = 1; setup(${hole})` })
    ),
    holed(
      "a statement of a module imported for types alone, whose import stays",
      (hole) =>
        entry(`import { type H } from "./a.ts"; export default (h: H) => h`, {
          "a.ts": `export type H = 1; setup(${hole})`
        })
    ),
    holed(
      "a global changed by an unrelated module",
      (hole) =>
        entry(`import "./p.ts"; export { node as default } from "./n.ts"`, {
          "p.ts": `Math.random = () => ${hole}`,
          "n.ts": "export const node = () => 1"
        })
    ),
    holed(
      "an object of a package changed by an unrelated module",
      (hole) =>
        entry(`import "./p.ts"; export { node as default } from "./n.ts"`, {
          "p.ts": `import { env } from "left"; env.threads = ${hole}`,
          "n.ts": "export const node = () => 1"
        })
    ),
    holed(
      "a static block",
      (hole) => entry(`class A { static { f(${hole}) } } export default () => A; function f(_: any) {}`)
    ),
    holed("an escaping namespace", namespaced("() => f(a); const f = (o: any) => o")),
    holed("a computed member of a namespace", namespaced("(k: string) => (a as any)[k]")),
    holed(
      "a namespace passed on",
      (hole) =>
        entry(`import { all } from "./b.ts"; export default () => all.g`, {
          "a.ts": `export const g = ${hole}`,
          "b.ts": `export * as all from "./a.ts"`
        })
    ),
    holed(
      "a namespace that exports itself",
      (hole) =>
        entry(`import * as a from "./a.ts"; export default () => f(a); const f = (o: any) => o`, {
          "a.ts": `export * as a from "./a.ts"; export const h = ${hole}`
        })
    ),
    holed(
      "a literal import()",
      (hole) => entry(`export default () => import("./a.ts")`, { "a.ts": `export const h = ${hole}` })
    ),
    holed(
      "statements behind a literal import()",
      (hole) => entry(`export default () => import("./a.ts")`, { "a.ts": `post(${hole})` })
    ),
    holed(
      "a text named by new URL",
      (hole) => entry(`export default () => new URL("./p.txt", import.meta.url)`, { "p.txt": hole }),
      "a",
      "b"
    ),
    holed(
      "a worker named by new URL",
      (hole) => entry(`export default () => new URL("./w.ts", import.meta.url)`, { "w.ts": `post(${hole})` })
    ),
    holed(
      "an import of package.json",
      (hole) => ({
        ...entry(`import r from "#rubric" with { type: "json" }; export default () => r`, {
          "r.json": `{ "a": ${hole} }`
        }),
        "package.json": `{ "type": "module", "imports": { "#rubric": "./r.json" } }`
      })
    ),
    holed(
      "a static property of a class that is only named",
      (hole) =>
        entry(`import { S } from "./a.ts"; export default function* () { return yield* S }`, {
          "a.ts": `import { Tag } from "left"; export class S extends Tag("s") { static layer = ${hole} }`
        })
    ),
    holed(
      "a comment, where eval sees the text",
      (hole) => entry(`const q = 1; ${hole}export default () => eval("q")`),
      "",
      "/**/"
    ),
    holed(
      "which binding of a pattern",
      (hole) => entry(`const { a, b } = { a: 1, b: 2 }; export default () => ${hole}`),
      "a",
      "b"
    ),
    holed(
      "a file that was missing",
      (hole) => entry(`export default () => import("./a.ts")`, hole === "" ? {} : { "a.ts": hole }),
      "",
      "export const a = 1"
    ),
    holed(
      "a package's schema in the table of a port",
      (hole) => ({
        ...entry(`export { node as default } from "./node.ts"`, {
          ...ported,
          "schemas.ts": `export { Row } from "left"`,
          "tables.ts": `import * as Type from "./runtime/Type.ts"; import { Row } from "./schemas.ts"
export const Rollout = Type.table("rollout", { row: Row })`
        }),
        "node_modules/left/package.json": `{ "name": "left", "version": "${hole}" }`
      })
    ),
    holed(
      "whoever changes the table of a port",
      (hole) =>
        entry(
          `export { node as default } from "./node.ts"; import { Rollout } from "./tables.ts"; Rollout.id.push(${hole})`,
          {
            ...ported,
            "tables.ts": `import * as Type from "./runtime/Type.ts"; export const Rollout = Type.table("rollout", {})`
          }
        )
    ),
    holed(
      "a function in the declaration of a port",
      (hole) =>
        entry(`export { node as default } from "./node.ts"`, {
          ...ported,
          "tables.ts": `import * as Type from "./runtime/Type.ts"
export const Rollout = Type.value("rollout", (n: number) => n * ${hole})`
        })
    ),
    holed(
      "what one of two files of the same text imports",
      (hole) => {
        const copy = `import { k } from "./k.ts"; export const h = () => k`
        return entry(
          `import { h } from "./a/h.ts"; import { h as g } from "./b/h.ts"; export default () => h() + g()`,
          {
            "a/h.ts": copy,
            "a/k.ts": `export const k = ${hole}`,
            "b/h.ts": copy,
            "b/k.ts": "export const k = 0"
          }
        )
      }
    ),
    holed(
      "a module of the project, where a package might pass the name on too",
      (hole) =>
        entry(`import { h } from "./all.ts"; export default () => h`, {
          "all.ts": `export * from "left"; export * from "./a.ts"`,
          "a.ts": `export const h = ${hole}`
        })
    ),
    holed(
      "names, where a helper of a helper reads them",
      (hole) =>
        entry(`import { label } from "./label.ts"; const ${hole} = () => 1; export default () => label([${hole}])`, {
          "label.ts":
            "export const label = (all: any) => all.map((one: any) => nameOf(one)); const nameOf = (f: any) => f.name"
        }),
      "mean",
      "median"
    )
  ]
  for (const [title, one, other] of cases) {
    it(title, async () => assert.notStrictEqual((await digestOf(one)).digest, (await digestOf(other)).digest))
  }
})

describe("what does not reach a digest", () => {
  const cases: ReadonlyArray<Case> = [
    holed(
      "another member of a namespace",
      (hole) =>
        entry(`import * as a from "./a.ts"; export default () => a.h`, { "a.ts": `export const h = 1, g = ${hole}` })
    ),
    holed(
      "a value used as a type only",
      (hole) =>
        entry(`import { A } from "./a.ts"; export default (x: typeof A) => x`, { "a.ts": `export const A = ${hole}` })
    ),
    holed("printing", (hole) => entry(`${hole}; export default () => 1`), "", `console.log("hello")`),
    holed(
      "a service's layers, exported apart from its tag",
      (hole) =>
        entry(
          `import * as Node from "./Node.ts"; import { Sampler } from "./Sampler.ts"
export default Node.mapRows({ name: "rollout", uses: [Sampler], *run() { return yield* (yield* Sampler).sample() } })`,
          {
            "Node.ts": "export const mapRows = (spec: any) => spec",
            "Sampler.ts": `import { Tag, effect } from "left"
export class Sampler extends Tag("Sampler") {}
export const layer = effect(Sampler, () => ({ sample: () => ${hole} }))`
          }
        )
    ),
    holed(
      "layers that use a helper with a memory, built when the program runs",
      (hole) =>
        entry(`export { node as default } from "./node.ts"; import "./layer.ts"`, {
          "memory.ts": "const seen = new Map()\nexport const remember = (k: string) => { seen.set(k, 1); return k }",
          "node.ts": `import { remember } from "./memory.ts"; export const node = () => remember("a")`,
          "layer.ts": `import * as Layer from "effect/Layer"; import { remember } from "./memory.ts"
export const layer = Layer.effect("tag", function*() { return remember("${hole}") })`
        })
    ),
    holed(
      "the names of exports on the way",
      (hole) =>
        entry(`import { ${hole} as h } from "./a.ts"; export default () => h()`, {
          "a.ts": `export const ${hole} = () => 1`
        }),
      "one",
      "other"
    )
  ]
  for (const [title, one, other] of cases) {
    it(title, async () => assert.strictEqual((await digestOf(one)).digest, (await digestOf(other)).digest))
  }
})

it("members of a cycle have digests of their own, that do not depend on which is asked for first", async () => {
  const cycle = (first: string) => ({
    "experiment.ts": `export const even = (n: number): boolean => n === 0 ? true : odd(n - 1)
const odd = (n: number): boolean => n === 0 ? false : even(n - 1)
export { odd }
export default () => ${first}`
  })
  const [one, other] = [cycle("even(odd(1))"), cycle("odd(even(1))")]
  const of = async (files: Files, name: string) => (await digestOf(files, name)).digest
  assert.strictEqual(await of(one, "even"), await of(other, "even"))
  assert.strictEqual(await of(one, "odd"), await of(other, "odd"))
  assert.notStrictEqual(await of(one, "even"), await of(one, "odd"))
})

it("a chain of ten thousand helpers is sealed", async () => {
  const chain = (last: string) => ({
    "experiment.ts": Array.from({ length: 10_000 }, (_, i) => `const h${i} = () => h${i + 1}()`).join("\n") +
      `\nconst h10000 = () => ${last}\nexport default () => h0()`
  })
  assert.notStrictEqual((await digestOf(chain("1"))).digest, (await digestOf(chain("2"))).digest)
})
