import { assert, describe, it } from "vitest"
import { digestOf } from "./fixture.ts"

/** Digest of an expression among a few bindings: `x` a constant, `y` a record, `f` a function. */
const inContext = async (expression: string) =>
  (await digestOf({
    "experiment.ts": `const x = 1, y = { a: 1 }, f = (..._: any) => 1\nexport default ${expression}`
  }))
    .digest

describe("texts that run alike have one normal form", () => {
  const pairs: ReadonlyArray<readonly [title: string, one: string, other: string]> = [
    ["shorthand property and long form", "(b: any) => ({ b, x })", "(b: any) => ({ b: b, x: x })"],
    ["destructured under another name", "({ a: b }: any) => b", "({ a: c }: any) => c"],
    ["`this` parameter", "function (this: any, b: any) { return b }", "function (b: any) { return b }"],
    ["template without holes and string", "`A`", String.raw`'\x41'`],
    ["access modifiers", "class { private readonly q?: number = 1 }", "class { q = 1 }"],
    ["abstract member", "class { abstract p(): void; q = 1 }", "class { q = 1 }"],
    [
      "renamed function, nobody reads .name",
      "() => { const g = () => 1; return g() }",
      "() => { const h = () => 1; return h() }"
    ],
    ["type arguments", "f<string>(x)", "f(x)"],
    ["member in brackets", "() => y['a']", "() => y.a"],
    ["numbers", "[0xff, 1_000, .5]", "[255, 1000, 0.5]"],
    [
      "block-scoped names",
      "() => { { const a = x; f(a) } { const b = x; f(b) } }",
      "() => { { const b = x; f(b) } { const a = x; f(a) } }"
    ],
    ["hoisted `var` renamed", "() => { f(q); { var q = 2 } }", "() => { f(r); { var r = 2 } }"],
    ["catch parameter renamed", "() => { try { f() } catch (a) { f(a) } }", "() => { try { f() } catch (b) { f(b) } }"],
    ["class expression renamed inside", "class A { m() { return A } }", "class B { m() { return B } }"],
    ["non-null assertion in a chain", "() => y?.a!.b", "() => y?.a.b"],
    ["unnecessary parentheses and semicolons", "() => { ;(f)(((x))); }", "() => { f(x) }"]
  ]
  for (const [title, one, other] of pairs) {
    it(title, async () => assert.strictEqual(await inContext(one), await inContext(other)))
  }
})

describe("texts that may run differently have different normal forms", () => {
  const pairs: ReadonlyArray<readonly [title: string, one: string, other: string]> = [
    ["optional chain, explicit check", "() => y?.a", "() => y === undefined ? undefined : y.a"],
    ["place in an optional chain", "() => y?.a.b", "() => y.a?.b"],
    ["end of an optional chain", "() => (y?.a).b", "() => y?.a.b"],
    ["end of an optional chain before `!`", "() => (y?.a)!.b", "() => y?.a!.b"],
    ["generator", "function* () { return 1 }", "function () { return 1 }"],
    ["async", "async () => 1", "() => 1"],
    ["arrow, function", "() => 1", "function () { return 1 }"],
    ["shorthand property of another local", "(b: any) => ({ b })", "(c: any) => ({ c })"],
    ["destructured from another key", "({ a: b }: any) => b", "({ c: b }: any) => b"],
    ["order of keys", "{ a: 1, b: 2 }", "{ b: 2, a: 1 }"],
    ["shadowed by a parameter", "(x: any) => x", "(z: any) => x"],
    [
      "shadowed in a block only",
      "() => { { const x = 2; f(x) } return x }",
      "() => { { const z = 2; f(x) } return x }"
    ],
    ["`var` is hoisted, `let` is not", "() => { f(x); { var x = 2 } }", "() => { f(x); { let x = 2 } }"],
    [
      "`var` of a parameter's name is the parameter",
      "(p: any) => { var p; return p }",
      "(p: any) => { var q; return q }"
    ],
    [
      "a default does not see the body's names",
      "(p = x) => { var x = 2; return p }",
      "(p = 1) => { var x = 2; return p }"
    ],
    [
      "inner and outer label",
      "() => { a: for (;;) { b: for (;;) { break a } } }",
      "() => { a: for (;;) { b: for (;;) { break b } } }"
    ],
    ["two locals swapped", "(a: any, b: any) => a - b", "(a: any, b: any) => b - a"],
    ["a tag sees escapes", "String.raw`\\x41`", "String.raw`A`"],
    ["a global renamed", "() => parseInt(x)", "() => parseFloat(x)"],
    ["-0", "-0", "0"],
    ["bigint", "1n", "1"],
    ["flags of a pattern", "/a/g", "/a/"],
    ["null and a number beyond all", "null", "1e999"],
    ["string and number", "'1'", "1"],
    ["`const` and `let`", "() => { const q = 1; return q }", "() => { let q = 1; return q }"],
    ["declared field", "class { declare q: 1 }", "class { q: 1 }"],
    ["static member", "class { static q = 1 }", "class { q = 1 }"],
    ["getter", "{ get a() { return 1 } }", "{ a() { return 1 } }"],
    [
      "renamed function, .name is read",
      "() => { const g = () => 1; return g.name }",
      "() => { const h = () => 1; return h.name }"
    ],
    [
      "renamed function, .name is destructured",
      "() => { const g = () => 1; const { name } = g; return name }",
      "() => { const h = () => 1; const { name } = h; return name }"
    ],
    ["`import.meta`", "() => import.meta.url", "() => import.meta.dirname"],
    ["braces round a declaration", "() => { { const q = x; f(q) } }", "() => { const q = x; f(q) }"],
    [
      "__proto__ property and prototype",
      "(__proto__: any) => ({ __proto__ })",
      "(__proto__: any) => ({ __proto__: __proto__ })"
    ]
  ]
  for (const [title, one, other] of pairs) {
    it(title, async () => assert.notStrictEqual(await inContext(one), await inContext(other)))
  }
})

it("a known program has a known digest", async () => {
  const { digest } = await digestOf({
    "experiment.ts": `import { scale } from "./scale.ts"
export default class Grade<T> {
  #weights = { "a": 1e3, b: -0 } as const
  static readonly label = \`grade \${1 + 1}\`
  *run(rows: ReadonlyArray<T>, low = 0): Iterable<unknown> {
    each: for (const { id, ...rest } of rows as any) {
      if (id?.length > low) continue each
      yield { id, rest, score: scale(this.#weights.a) ** 2, odd: /a\\/b/giu.test(id) }
    }
  }
}`,
    "scale.ts": `export const scale = (n: number): number => n > 1 ? scale(n / 2) : n`
  })
  // Changes only with the normal form, or with the tree of another parser version: then all digests of users change.
  assert.strictEqual(digest, "3bc66d795eac9f9c0c7ce847d2bb8d2f4e92d89d56e746f70a7ecc76c65b0c59")
})
