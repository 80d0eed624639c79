/**
 * Refs become a graph: equal refs one vertex, inputs first, however deep and however often shared; what cannot be a graph
 * is refused with the node, the reason and a remedy.
 */
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { assert, describe, it } from "vitest"
import type { Arm } from "../../runtime/Experiment.ts"
import * as Graph from "../../runtime/Graph.ts"
import * as Node from "../../runtime/Node.ts"
import type { AnyRef } from "../../runtime/Ref.ts"
import * as Type from "../../runtime/Type.ts"

const Number = Type.value("number", Schema.Int)

const leaf = Node.make({ name: "leaf", inputs: {}, params: { i: Schema.Int }, output: Number, run: () => 1 })
const sum = Node.make({ name: "sum", inputs: { b: Number, a: Number }, output: Number, run: () => 1 })
const loose = Node.make({
  name: "loose",
  inputs: {},
  params: { given: Schema.Any, weight: Schema.optionalKey(Schema.Number) },
  output: Number,
  run: () => 1
})

const build = (targets: { readonly [name: string]: AnyRef }, arms?: ReadonlyArray<Arm>): Graph.Graph =>
  Graph.build("e.ts", {
    arms: arms ?? [{ point: {}, targets }],
    collected: arms === undefined ? {} : targets,
    layer: Layer.empty as Layer.Layer<any>,
    settings: [],
    swapped: []
  })

const refused = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    return (error as Error).message
  }
  return assert.fail("it was not refused")
}

describe("a graph", () => {
  it("has inputs before those that read them, ports in the order of their names, equal refs once", () => {
    const graph = build({ top: sum({ b: leaf.as("right")({}, { i: 1 }), a: leaf({}, { i: 1 }) }) })
    assert.deepStrictEqual(graph.vertices.map(({ label }) => label), ["leaf", "sum"])
    const [first, top] = graph.vertices
    assert.deepStrictEqual(top!.inputs, { a: first!, b: first! })
    assert.deepStrictEqual(Object.keys(top!.inputs), ["a", "b"])
    assert.deepStrictEqual(graph.targets, [{ name: "top", vertex: top! }])
  })

  it("is walked once however many ways lead to a node: 60 layers of two, 2^60 ways", () => {
    let layer: [AnyRef, AnyRef] = [leaf.as("l0")({}, { i: 0 }), leaf.as("r0")({}, { i: 1 })]
    for (let depth = 1; depth <= 60; depth++) {
      const [left, right] = layer
      layer = [sum.as(`l${depth}`)({ a: left, b: right }), sum.as(`r${depth}`)({ a: right, b: left })]
    }
    assert.strictEqual(build({ left: layer[0], right: layer[1] }).vertices.length, 122)
  })

  it("may be a chain of 20,000 nodes", () => {
    const first: AnyRef = leaf({}, { i: 0 })
    let ref = first
    for (let depth = 1; depth < 20_000; depth++) ref = sum.as(`n${depth}`)({ a: ref, b: first })
    const { vertices } = build({ ref })
    assert.strictEqual(vertices.length, 20_000)
    assert.strictEqual(vertices.at(-1)!.inputs["a"], vertices.at(-2))
  })

  it("of a sweep shares what arms have alike, found by the same ref or by an equal one", () => {
    const shared = leaf.as("shared")({}, { i: 7 })
    const arms = [1, 2].map((x): Arm => ({
      point: { x },
      targets: {
        out: sum({ a: sum.as("inner")({ a: shared, b: leaf.as("equal")({}, { i: 9 }) }), b: leaf({}, { i: x }) })
      }
    }))
    const { vertices } = build(
      { all: sum.as("all")({ a: arms[0]!.targets["out"]!, b: arms[1]!.targets["out"]! }) },
      arms
    )
    assert.deepStrictEqual(vertices.map(({ label }) => label), [
      "shared",
      "equal",
      "inner",
      "leaf[x=1]",
      "sum[x=1]",
      "leaf[x=2]",
      "sum[x=2]",
      "all"
    ])
  })
})

describe("what cannot be a graph is refused", () => {
  it("a node that was made to need itself", () => {
    const inputs: { a: AnyRef; b: AnyRef } = { a: leaf({}, { i: 1 }), b: leaf({}, { i: 2 }) }
    const first = sum.as("first")(inputs)
    inputs.a = sum.as("second")({ a: first, b: leaf({}, { i: 1 }) })
    assert.match(
      refused(() => build({ first })),
      /^first cannot be planned: it needs its own result: first reads second reads first\n {2}connect nodes to results/
    )
  })

  it.each([
    ["a function", { given: { a: [() => 1] } }, /its parameter given\.a\[0\] cannot be part of a key: a function at/],
    ["NaN", { given: 1, weight: globalThis.Number.NaN }, /its parameter weight cannot be part of a key: NaN at/],
    ["a date", { given: new Date(0) }, /its parameter given cannot be part of a key: an instance of Date at/]
  ])("a parameter that is %s, which is no JSON", (_, params, message) => {
    const text = refused(() => build({ out: loose({}, params) }))
    assert.match(text, /^e\.ts: loose: /)
    assert.match(text, message)
    assert.match(text, /\n {2}give the parameter a schema that encodes it as JSON, or pass what it holds$/)
  })

  it("a parameter of another type", () => {
    assert.match(
      refused(() => build({ out: leaf({}, { i: "1" as never }) })),
      /^e\.ts: leaf does not accept its parameters: .*\n {2}compare the call with the node's `params`$/
    )
  })

  it("an input that is missing, one too many, and one that is no connected node", () => {
    const one = leaf({}, { i: 1 })
    assert.strictEqual(
      refused(() => build({ out: sum({ a: one } as never) })),
      "e.ts: sum was given the inputs (a)\n  it wants (a, b)"
    )
    assert.strictEqual(
      refused(() => build({ out: sum({ a: one, b: one, c: one } as never) })),
      "e.ts: sum was given the inputs (a, b, c)\n  it wants (a, b)"
    )
    assert.match(
      refused(() => build({ out: sum({ a: one, b: undefined } as never) })),
      /^e\.ts: input b of sum is no connected node\n {2}give it what calling a node returns/
    )
  })

  it("two nodes of one name", () => {
    assert.match(
      refused(() => build({ a: leaf({}, { i: 1 }), b: leaf({}, { i: 2 }) })),
      /^leaf cannot be planned: two different nodes of this graph have this name: its definition.* is connected twice, with other inputs or parameters\n {2}name one of them where it is connected: node\.as\("another name"\)/
    )
    assert.match(
      refused(() => build({ a: leaf({}, { i: 1 }), b: loose.as("leaf")({}, { given: 1 }) })),
      /have this name: they are defined apart.*\n/
    )
  })
})
