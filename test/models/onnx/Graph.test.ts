import { assert, describe, it } from "vitest"
import { encodeModel } from "../../../models/onnx/encodeModel.ts"
import { multiply } from "../../../models/onnx/Elementwise.ts"
import { Graph } from "../../../models/onnx/Graph.ts"

const sessionOf = async (model: Uint8Array) => {
  const ort = await import("onnxruntime-node")
  return {
    ort,
    session: await ort.InferenceSession.create(model, { executionProviders: ["cpu"], intraOpNumThreads: 1 })
  }
}

describe("encodeModel", () => {
  it("writes the protobuf bytes worked out by hand", () => {
    const bytes = encodeModel({
      nodes: [{ op: "A", domain: "", name: "n", inputs: ["x"], outputs: ["y"], attributes: { k: -1 } }],
      initializers: [],
      inputs: [{ name: "x", type: "float32", shape: [300] }],
      outputs: []
    })
    const attribute = [0x0a, 1, 0x6b, 0x18, ...new Array<number>(9).fill(0xff), 1, 0xa0, 1, 2]
    const node = [0x0a, 1, 0x78, 0x12, 1, 0x79, 0x1a, 1, 0x6e, 0x22, 1, 0x41, 0x2a, attribute.length, ...attribute]
    const dimension = [0x08, 0xac, 0x02]
    const shape = [0x0a, dimension.length, ...dimension]
    const tensor = [0x08, 1, 0x12, shape.length, ...shape]
    const type = [0x0a, tensor.length, ...tensor]
    const input = [0x0a, 1, 0x78, 0x12, type.length, ...type]
    const name = [0x12, 5, ...Buffer.from("graph")]
    const graph = [0x0a, node.length, ...node, ...name, 0x5a, input.length, ...input]
    const microsoft = [0x0a, 13, ...Buffer.from("com.microsoft"), 0x10, 1]
    const header = [0x08, 10, 0x12, 9, ...Buffer.from("sinternal")]
    const operatorSets = [0x42, 4, 0x0a, 0, 0x10, 20, 0x42, microsoft.length, ...microsoft]
    assert.deepStrictEqual(Array.from(bytes), [...header, 0x3a, graph.length, ...graph, ...operatorSets])
  })

  it("refers to bytes outside the model", async () => {
    const g = new Graph()
    const x = g.input("x", [2])
    g.output("y", multiply(g, x, g.external("w", [2], { file: "weights", offset: 4, length: 8 })))
    const ort = await import("onnxruntime-node")
    const session = await ort.InferenceSession.create(g.encode(), {
      executionProviders: ["cpu"],
      externalData: [{ path: "weights", data: new Uint8Array(Float32Array.of(9, 3, -2).buffer) }]
    })
    const outputs = await session.run({ x: new ort.Tensor("float32", Float32Array.of(5, 7), [2]) })
    assert.deepStrictEqual([...outputs["y"]!.data as Float32Array], [15, -14])
    await session.release()
  })
})

describe("Graph", () => {
  it("names outputs, also inputs and values that are outputs twice", async () => {
    const g = new Graph()
    const x = g.input("x", [2])
    const y = g.emit("Neg", [x], [2])
    g.output("same", x)
    g.output("negated", y)
    g.output("again", y)
    g.output("used", g.emit("Add", [y, y], [2]))
    const { ort, session } = await sessionOf(g.encode())
    const outputs = await session.run({ x: new ort.Tensor("float32", Float32Array.of(1, -2), [2]) })
    assert.deepStrictEqual(
      session.outputNames.map((name) => [name, ...outputs[name]!.data as Float32Array]),
      [["same", 1, -2], ["negated", -1, 2], ["again", -1, 2], ["used", -2, 4]]
    )
    await session.release()
  })

  it("leaves optional outputs unused and keeps constants of every type apart", async () => {
    const g = new Graph()
    const x = g.input("x", [1, 2])
    const [normed, , , sum] = g.emitMany(
      "SkipSimplifiedLayerNormalization",
      [x, g.constant([1, 2], [1, 2]), g.constant([1, 1])],
      [[1, 2], null, null, [1, 2]],
      { domain: "com.microsoft", attributes: { epsilon: { float: 0 } } }
    )
    g.output("normed", normed!)
    g.output("sum", sum!)
    g.output("long", g.emit("Identity", [g.constant([1, -2], [2], "int64")], [2], { type: "int64" }))
    g.output("int", g.emit("Identity", [g.constant([1, -2], [2], "int32")], [2], { type: "int32" }))
    const { ort, session } = await sessionOf(g.encode())
    const outputs = await session.run({ x: new ort.Tensor("float32", Float32Array.of(2, 2), [1, 2]) })
    assert.deepStrictEqual([...outputs["sum"]!.data as Float32Array], [3, 4])
    assert.closeTo(outputs["normed"]!.data[1] as number, 4 / Math.sqrt(12.5), 1e-6)
    assert.deepStrictEqual([...outputs["long"]!.data as BigInt64Array], [1n, -2n])
    assert.deepStrictEqual([...outputs["int"]!.data as Int32Array], [1, -2])
    await session.release()
  })

  it("adds up the gradients of a value used several times and cuts them at detached copies", async () => {
    const g = new Graph()
    const x = g.input("x", [2], "float32", true)
    const square = multiply(g, x, x)
    const y = multiply(g, square, g.variable(x, false))
    const gradients = g.backward([[y, g.constant([1, 10])]])
    assert.deepStrictEqual([...gradients.keys()], [x])
    assert.strictEqual(g.tapeLength, 0)
    g.output("dx", gradients.get(x)!)
    const { ort, session } = await sessionOf(g.encode())
    const outputs = await session.run({ x: new ort.Tensor("float32", Float32Array.of(3, 2), [2]) })
    // d(x²·c)/dx with c = x held fixed is 2x².
    assert.deepStrictEqual([...outputs["dx"]!.data as Float32Array], [18, 80])
    await session.release()
  })

  it("leaves out what no output needs", () => {
    const g = new Graph()
    const x = g.input("x", [2])
    g.output("y", g.emit("Neg", [x], [2]))
    const bytes = g.encode()
    g.emit("Exp", [g.emit("Exp", [x], [2])], [2])
    // the optional output without a name is no name that anybody needs
    g.emitMany("LayerNormalization", [x, g.constant([1, 1]), null], [[2], null])
    assert.strictEqual(g.nodeCount, 4)
    assert.deepStrictEqual(g.neededNodes().map(({ op }) => op), ["Neg"])
    const other = new Graph()
    other.output("y", other.emit("Neg", [other.input("x", [2])], [2]))
    assert.deepStrictEqual(other.encode(), bytes)
  })

  it("sweeps only the part of the tape it is asked for", () => {
    const g = new Graph()
    const x = g.input("x", [1], "float32", true)
    const before = multiply(g, x, x)
    const mark = g.tapeLength
    const after = multiply(g, before, before)
    const gradients = g.backward([[after, g.constant([1])]], mark)
    assert.deepStrictEqual([...gradients.keys()], [before])
    assert.strictEqual(g.tapeLength, mark)
  })
})
