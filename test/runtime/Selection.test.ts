import { assert, describe, it } from "vitest"
import type { Graph, Vertex } from "../../runtime/Graph.ts"
import * as Selection from "../../runtime/Selection.ts"

/** A graph by its edges: each line a node and what it reads; names ending in `.md` are sources. */
const graphOf = (...lines: ReadonlyArray<readonly [label: string, ...inputs: ReadonlyArray<string>]>): Graph => {
  const vertices: Array<Vertex> = []
  for (const [label, ...inputs] of lines) {
    const kind = label.endsWith(".md") ? "source" : "make"
    const ports = inputs.map((input) => [input, vertices.find((vertex) => vertex.label === input)!] as const)
    vertices.push({
      index: vertices.length,
      label,
      definition: { kind } as Vertex["definition"],
      params: {},
      encodedParams: {},
      seed: undefined,
      inputs: Object.fromEntries(ports)
    })
  }
  return { vertices, targets: [] }
}

const graph = graphOf(
  ["spec.md"],
  ["spec", "spec.md"],
  ["prompts"],
  ["sample", "prompts"],
  ["critique", "sample", "spec"],
  ["train[x=1,y={\"a\":2}]", "critique"],
  ["train[x=2,y={\"a\":2}]", "critique"],
  ["judge:base", "sample"],
  ["judge:new[x=1]", "train[x=1,y={\"a\":2}]"],
  ["report", "judge:base", "judge:new[x=1]", "train[x=2,y={\"a\":2}]"]
)

const none = { select: [], from: [], until: [] }

/** Labels that are selected. */
const selected = (options: Partial<Selection.SelectionOptions>) => {
  const indices = Selection.select(graph, { ...none, ...options })
  return indices === undefined ? undefined : [...indices].map((index) => graph.vertices[index]!.label)
}

const message = (options: Partial<Selection.SelectionOptions>): string => {
  try {
    selected(options)
  } catch (error) {
    return (error as Error).message
  }
  return assert.fail("nothing was thrown")
}

const arms = ["train[x=1,y={\"a\":2}]", "train[x=2,y={\"a\":2}]"]

describe("a selection", () => {
  it("is all where nothing is asked for", () => assert.isUndefined(selected({})))

  it("is a node, what it needs, what needs it", () => {
    assert.deepStrictEqual(selected({ select: ["critique"] }), ["critique"])
    assert.deepStrictEqual(selected({ select: ["+critique"] }), ["spec.md", "spec", "prompts", "sample", "critique"])
    assert.deepStrictEqual(selected({ select: ["critique+"] }), ["critique", ...arms, "judge:new[x=1]", "report"])
    assert.deepStrictEqual(selected({ select: ["+critique+"] }), [
      "spec.md",
      "spec",
      "prompts",
      "sample",
      "critique",
      ...arms,
      "judge:new[x=1]",
      "report"
    ])
    assert.deepStrictEqual(selected({ select: ["spec.md+"] })!.slice(0, 3), ["spec.md", "spec", "critique"])
  })

  it("takes several terms together, however they are given", () => {
    const both = ["prompts", "judge:base"]
    for (
      const select of [["prompts", "judge:base"], ["prompts,judge:base"], ["judge:base  prompts"], [
        "prompts, judge:base"
      ]]
    ) {
      assert.deepStrictEqual(selected({ select }), both)
    }
  })

  it("means all arms without one, one arm with it, any letters with a star", () => {
    assert.deepStrictEqual(selected({ select: ["train"] }), arms)
    assert.deepStrictEqual(selected({ select: [arms[1]!] }), [arms[1]])
    assert.deepStrictEqual(selected({ select: [`prompts,${arms[0]},spec`] }), ["spec", "prompts", arms[0]])
    assert.deepStrictEqual(selected({ select: ["judge:*"] }), ["judge:base", "judge:new[x=1]"])
    assert.deepStrictEqual(selected({ select: ["*x=2*"] }), [arms[1]])
    assert.deepStrictEqual(selected({ select: ["s*"] }), ["spec.md", "spec", "sample"])
    assert.strictEqual(selected({ select: ["*"] })!.length, graph.vertices.length)
  })

  it("reads brackets in brackets", () => {
    assert.deepStrictEqual(Selection.termsOf("+a[x=[1, 2],y={\"b\":[3]}]+, c  d[z=4],e"), [
      "+a[x=[1, 2],y={\"b\":[3]}]+",
      "c",
      "d[z=4]",
      "e"
    ])
  })

  it("reads letters of a name as they are", () => assert.include(message({ select: ["spec+md"] }), "spec+md"))

  it("goes from one node until another", () => {
    assert.deepStrictEqual(selected({ from: ["judge:base"] }), ["judge:base", "report"])
    assert.deepStrictEqual(selected({ until: ["spec"] }), ["spec.md", "spec"])
    assert.deepStrictEqual(selected({ from: ["sample"], until: ["train[x=2,y={\"a\":2}]"] }), [
      "sample",
      "critique",
      arms[1]
    ])
    assert.deepStrictEqual(selected({ select: ["train"], until: ["judge:new"] }), [arms[0]])
  })

  it("names the nearest where a name is not known", () => {
    const text = message({ select: ["+critiqe+"] })
    assert.include(text, "--select +critiqe+: there is no such node")
    assert.include(text, "did you mean critique?")
    assert.include(message({ from: ["trian"] }), "did you mean train?")
    assert.include(message({ until: ["train[x=3,y={\"a\":2}]"] }), "did you mean train[x=1,y={\"a\":2}]?")
    assert.include(message({ select: ["zzz*"] }), "nodes: spec.md, spec, prompts")
    assert.include(message({ select: [" , "] }), "name a node")
  })

  it("says when flags together leave nothing, or nothing that runs", () => {
    assert.include(
      message({ from: ["critique"], until: ["judge:base"] }),
      "--from critique --until judge:base selects no node"
    )
    assert.include(message({ select: ["spec.md"] }), "selects no node")
  })
})

describe("a selection's inputs", () => {
  const planned = (states: { readonly [label: string]: "stale" | "waiting" }): ReadonlyArray<Selection.Planned> =>
    graph.vertices.filter(({ definition }) => definition.kind !== "source").map((vertex) => ({
      vertex,
      state: states[vertex.label] ?? "fresh"
    }))
  const of = (...terms: ReadonlyArray<string>) => Selection.select(graph, { ...none, select: terms })!

  it("are there where they are fresh, selected too, or sources", () => {
    assert.isUndefined(Selection.unready(planned({ critique: "stale" }), of("critique")))
    assert.isUndefined(Selection.unready(planned({ sample: "stale", critique: "waiting" }), of("sample", "critique")))
    assert.isUndefined(Selection.unready(planned({ spec: "stale" }), of("spec")))
    // not fresh, but nothing selected reads it
    assert.isUndefined(Selection.unready(planned({ sample: "stale", critique: "waiting" }), of("prompts")))
  })

  it("are named where they are not, with a selection that includes them", () => {
    const error = Selection.unready(
      planned({ sample: "stale", critique: "waiting", [arms[0]!]: "waiting" }),
      of("critique", "train")
    )!
    assert.strictEqual(error.exitCode, 4)
    assert.deepStrictEqual(error.lacking, [{ node: "critique", input: "sample", state: "stale" }])
    assert.include(error.message, "critique reads sample, which is stale and not selected")
    assert.include(error.message, "--select '+critique'")
  })
})
