import { assert, describe, it } from "vitest"
import { digestOf, type Files, open } from "./fixture.ts"

/** A node whose body is in `experiment.ts`, on line 2; a comment may follow it. */
const body = (expression: string, imports = "", after = ""): Files => ({
  "experiment.ts": `${imports}\nexport default (k: any) => ${expression}${after}\n`
})

describe("a node that touches what no key can see is refused, with its place", () => {
  const cases: ReadonlyArray<readonly [expression: string, kind: string, imports?: string]> = [
    ["process.env.HOME", "env"],
    ["globalThis.process.env['HOME']", "env"],
    ["process?.env", "env"],
    ["env.HOME", "env", `import { env } from "node:process"`],
    ["p.env.HOME", "env", `import p from "process"`],
    ["{ const { env } = process; return env }", "env"],
    ["os.cpus()", "env", `import * as os from "node:os"`],
    ["Config.String('A')", "env", `import * as Config from "effect/Config"`],
    ["Date.now()", "clock"],
    ["new Date()", "clock"],
    ["new Date", "clock"],
    ["Date()", "clock"],
    ["performance.now()", "clock"],
    ["Clock.currentTimeMillis", "clock", `import * as Clock from "effect/Clock"`],
    ["Math.random()", "random"],
    ["Math['random']()", "random"],
    ["[1].sort(Math.random)", "random"],
    ["{ const { random } = Math; return random() }", "random"],
    ["crypto.randomUUID()", "random"],
    ["globalThis.crypto.getRandomValues(k)", "random"],
    ["randomBytes(8)", "random", `import { randomBytes } from "node:crypto"`],
    ["c.randomInt(8)", "random", `import c from "crypto"`],
    ["fs.readFileSync(k)", "fs", `import * as fs from "node:fs"`],
    ["fs.promises.readFile(k)", "fs", `import fs from "fs"`],
    ["readFile(k)", "fs", `import { readFile } from "node:fs/promises"`],
    ["import('node:fs').then((fs) => fs.readFileSync(k))", "fs"],
    [
      "require('fs')",
      "fs",
      `import { createRequire } from "node:module"; const require = createRequire(import.meta.url)`
    ],
    ["(async () => (await import('node:crypto')).randomUUID())()", "random"],
    ["(async () => { const { env } = await import('node:process'); return env })()", "env"],
    ["fetch(k)", "network"],
    ["globalThis.fetch(k)", "network"],
    ["get(k)", "network", `import { get } from "node:https"`],
    ["spawn(k)", "process", `import { spawn } from "node:child_process"`],
    ["import(k)", "import"],
    [
      "require(k)",
      "import",
      `import { createRequire } from "node:module"; const require = createRequire(import.meta.url)`
    ]
  ]
  for (const [expression, kind, imports] of cases) {
    it(`${imports ?? ""} ${expression}`.trim(), async () => {
      const { refused } = await digestOf(body(expression, imports))
      assert.strictEqual(refused.length, 1, refused.join("\n"))
      assert.match(refused[0]!, /^experiment\.ts:2: /)
      assert.include(refused[0]!, `// pipeline: allow ${kind}`)
    })
    it(`${imports ?? ""} ${expression} // pipeline: allow ${kind}`.trim(), async () => {
      const { refused, warnings } = await digestOf(body(expression, imports, ` // pipeline: allow ${kind}`))
      assert.deepStrictEqual(refused, [])
      assert.strictEqual(warnings.length, 1)
      assert.match(warnings[0]!, /^experiment\.ts:2: .* is allowed by a comment/)
    })
  }
})

describe("what only looks like it is not refused", () => {
  const expressions = [
    "new Date(k)",
    "Date.parse(k)",
    "Math.max(k)",
    "k.random()",
    "((Math: any) => Math.random())(k)",
    "((fetch: any) => fetch(1))(k)",
    "k.fetch(1)",
    "k.process.env",
    "({ env: 1, fetch: 2 })",
    "process.exitCode",
    "crypto.subtle"
  ]
  for (const expression of expressions) {
    it(expression, async () => {
      const { refused, warnings } = await digestOf(body(expression))
      assert.deepStrictEqual([...refused, ...warnings], [])
    })
  }
  it("in a type", async () => {
    assert.deepStrictEqual((await digestOf(body("k as typeof fetch | typeof process.env"))).refused, [])
  })
  it("in code the node does not reach", async () => {
    assert.deepStrictEqual((await digestOf(body("1", "export const other = () => Date.now()"))).refused, [])
  })
})

it("a comment allows one kind on one line", async () => {
  const { refused, warnings } = await digestOf({
    "experiment.ts": `export default () => [
  Date.now(), Math.random(), // pipeline: allow clock, env
  Date.now()
]`
  })
  assert.deepStrictEqual([...refused, ...warnings].map((text) => text.split(" is ")[0]), [
    "experiment.ts:2: Math.random",
    "experiment.ts:3: Date.now",
    "experiment.ts:2: Date.now"
  ])
})

it("a comment that allows something is no part of the digest", async () => {
  const allowed = await digestOf(body("Date.now()", "", " // pipeline: allow clock"))
  assert.strictEqual(allowed.digest, (await digestOf(body("Date.now()"))).digest)
})

it("a helper two calls away is refused where it stands", async () => {
  const { refused } = await digestOf({
    "experiment.ts": `import { ask } from "./ask.ts"\nexport default () => ask()`,
    "ask.ts": `import { key } from "./key.ts"\nexport const ask = () => key()`,
    "key.ts": "\n\nexport const key = () => {\n  return process.env.KEY\n}"
  })
  assert.strictEqual(refused.length, 1)
  assert.match(refused[0]!, /^key\.ts:4: process\.env is not allowed in a node: pass the value as a parameter/)
})

describe("what Node cannot run is refused where it is reached, and no comment allows it", () => {
  const texts = [
    "enum A { B }",
    "namespace A { export const B = 1 }",
    "class A { constructor(private q: any) {} }",
    "import fs = require('node:fs'); const A = 1",
    "const f = (x: any) => x; @f class A {}"
  ]
  for (const text of texts) {
    it(text, async () => {
      const { refused } = await digestOf({
        "experiment.ts": `${text} // pipeline: allow syntax\nexport default () => A`
      })
      assert.isAtLeast(refused.length, 1)
      assert.match(refused[0]!, /^experiment\.ts:1: .* is not allowed in a node: write syntax that Node can erase$/)
    })
  }
  it("a syntax error in an imported file", async () => {
    const { refused } = await digestOf({
      "experiment.ts": `import { a } from "./a.ts"\nexport default () => a`,
      "a.ts": "export const a = ="
    })
    assert.strictEqual(refused.length, 1)
    assert.match(refused[0]!, /^a\.ts:1: a syntax error \(.*\) is not allowed/)
  })
})

it("eval is warned about", async () => {
  const { refused, warnings } = await digestOf(body("eval(k)"))
  assert.deepStrictEqual(refused, [])
  assert.match(warnings[0]!, /^experiment\.ts:2: eval sees every binding/)
})

it("an export that is not there is refused", async () => {
  const code = await open(body("1"))
  assert.deepStrictEqual(code.ofExport("experiment.ts", "nope").refused, [
    "experiment.ts: no export nope below experiment.ts"
  ])
  assert.strictEqual(code.ofExport("elsewhere.ts", "default").refused.length, 1)
})
