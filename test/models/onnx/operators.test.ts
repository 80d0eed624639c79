import { assert, describe, it } from "vitest"
import * as Elementwise from "../../../models/onnx/Elementwise.ts"
import { Graph, type Tensor } from "../../../models/onnx/Graph.ts"
import * as Layout from "../../../models/onnx/Layout.ts"
import * as Matmul from "../../../models/onnx/Matmul.ts"
import * as Norm from "../../../models/onnx/Norm.ts"
import * as TokenHead from "../../../models/onnx/TokenHead.ts"

type Values = ReadonlyArray<number>

interface Input {
  readonly shape: ReadonlyArray<number>
  readonly values: Values
}

/** Runs `g` on float32 inputs and returns its outputs by name. */
const execute = async (g: Graph, inputs: Readonly<Record<string, Input>>) => {
  const ort = await import("onnxruntime-node")
  const session = await ort.InferenceSession.create(g.encode(), { executionProviders: ["cpu"], intraOpNumThreads: 1 })
  const feeds = Object.fromEntries(
    Object.entries(inputs).map((
      [name, { shape, values }]
    ) => [name, new ort.Tensor("float32", Float32Array.from(values), shape)])
  )
  const outputs = await session.run(feeds)
  const results = Object.fromEntries(
    session.outputNames.map((name) => [name, Array.from(outputs[name]!.data as Float32Array)])
  )
  await session.release()
  return results
}

/** The value of `build` and the gradients of its sum weighted by `weights`. */
const differentiate = async (
  inputs: Readonly<Record<string, Input>>,
  weights: Values,
  build: (g: Graph, tensors: Readonly<Record<string, Tensor>>) => Tensor
) => {
  const g = new Graph()
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape }]) => [name, g.input(name, shape, "float32", true)])
  )
  const y = build(g, tensors)
  g.output("y", y)
  const gradients = g.backward([[y, g.constant(weights, y.shape)]])
  for (const [name, tensor] of Object.entries(tensors)) g.output(`d.${name}`, gradients.get(tensor)!)
  return execute(g, inputs)
}

const assertClose = (actual: Values | undefined, expected: Values) => {
  assert.strictEqual(actual?.length, expected.length)
  expected.forEach((value, i) => assert.closeTo(actual![i]!, value, 1e-5, `element ${i}`))
}

const matrix: Input = { shape: [2, 3], values: [1, -2, 3, 4, 5, -6] }

describe("Elementwise", () => {
  it("sums the gradient of a broadcast operand over where it was repeated", async () => {
    const row: Input = { shape: [3], values: [2, 10, -1] }
    const column: Input = { shape: [2, 1], values: [3, -1] }
    const weights = [1, 2, 3, 4, 5, 6]
    const product = await differentiate(
      { matrix, row },
      weights,
      (g, t) => Elementwise.multiply(g, t["matrix"]!, t["row"]!)
    )
    assertClose(product["y"], [2, -20, -3, 8, 50, 6])
    assertClose(product["d.matrix"], [2, 20, -3, 8, 50, -6])
    assertClose(product["d.row"], [1 + 16, -4 + 25, 9 - 36])
    const difference = await differentiate(
      { matrix, column },
      weights,
      (g, t) => Elementwise.subtract(g, t["matrix"]!, t["column"]!)
    )
    assertClose(difference["y"], [-2, -5, 0, 5, 6, -5])
    assertClose(difference["d.column"], [-6, -15])
    const total = await differentiate({ row, matrix }, weights, (g, t) => Elementwise.add(g, t["row"]!, t["matrix"]!))
    assertClose(total["d.row"], [5, 7, 9])
    assertClose(total["d.matrix"], weights)
  })

  it("refuses shapes that do not broadcast", () => {
    const g = new Graph()
    assert.throws(() => Elementwise.binary(g, "Add", g.input("a", [2, 3]), g.input("b", [2])), "[2,3] and [2]")
  })

  it("lets no gradient through where a value was clipped", async () => {
    const x: Input = { shape: [4], values: [-3, -1, 0.5, 2] }
    const clipped = await differentiate({ x }, [1, 2, 3, 4], (g, t) => Elementwise.clip(g, t["x"]!, -1, 1))
    assertClose(clipped["y"], [-1, -1, 0.5, 1])
    assertClose(clipped["d.x"], [0, 2, 3, 0])
  })

  it("sends the gradient to the operand that was chosen, the first one of a tie", async () => {
    const a: Input = { shape: [3], values: [1, 5, 2] }
    const b: Input = { shape: [3], values: [2, 4, 2] }
    const smaller = await differentiate({ a, b }, [1, 2, 3], (g, t) => Elementwise.minimum(g, t["a"]!, t["b"]!))
    assertClose(smaller["y"], [1, 4, 2])
    assertClose(smaller["d.a"], [1, 0, 3])
    assertClose(smaller["d.b"], [0, 2, 0])
    const larger = await differentiate({ a, b }, [1, 2, 3], (g, t) => Elementwise.maximum(g, t["a"]!, t["b"]!))
    assertClose(larger["y"], [2, 5, 2])
    assertClose(larger["d.a"], [0, 2, 3])
    assertClose(larger["d.b"], [1, 0, 0])
  })

  it("differentiates exp", async () => {
    const y = await differentiate({ matrix }, [1, 1, 1, 2, 2, 2], (g, t) => Elementwise.exp(g, t["matrix"]!))
    matrix.values.forEach((value, i) => {
      assert.closeTo(y["y"]![i]! / Math.exp(value), 1, 1e-6)
      assert.closeTo(y["d.matrix"]![i]! / Math.exp(value), i < 3 ? 1 : 2, 1e-6)
    })
  })
})

describe("Layout", () => {
  it("carries gradients back to where elements came from", async () => {
    const turned = await differentiate({ matrix }, [1, 2, 3, 4, 5, 6], (g, t) => {
      const columns = Layout.transpose(g, t["matrix"]!, [1, 0])
      return Layout.reshape(g, columns, [6])
    })
    assertClose(turned["y"], [1, 4, -2, 5, 3, -6])
    assertClose(turned["d.matrix"], [1, 3, 5, 2, 4, 6])
  })

  it("slices, joins and gathers rows", async () => {
    const g = new Graph()
    const x = g.input("matrix", [2, 3])
    g.output("second", Layout.sliceRows(g, x, 1, 2))
    g.output("joined", Layout.concatRows(g, [x, Layout.gatherRows(g, x, g.integers([1, 0, 1]))]))
    const { joined, second } = await execute(g, { matrix })
    assertClose(second, [4, 5, -6])
    assertClose(joined, [...matrix.values, 4, 5, -6, 1, -2, 3, 4, 5, -6])
  })
})

describe("Matmul", () => {
  it("multiplies with every combination of transposes", async () => {
    const transposed: Input = { shape: [3, 2], values: [1, 4, -2, 5, 3, -6] }
    const other: Input = { shape: [3, 2], values: [1, 0, 2, 1, 0, -1] }
    const otherTransposed: Input = { shape: [2, 3], values: [1, 2, 0, 0, 1, -1] }
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const a = transposeA ? transposed : matrix
        const b = transposeB ? otherTransposed : other
        const g = new Graph()
        const left = g.input("a", a.shape)
        const right = g.input("b", b.shape)
        g.output("plain", Matmul.gemm(g, left, right, { transposeA, transposeB, alpha: 2 }, g.constant([10, 20])))
        g.output("batched", Matmul.batchedProduct(g, left, right, { transposeA, transposeB, alpha: 2 }))
        const results = await execute(g, { a, b })
        assertClose(results["plain"], [2 * -3 + 10, 2 * -5 + 20, 2 * 14 + 10, 2 * 11 + 20])
        assertClose(results["batched"], [-6, -10, 28, 22])
      }
    }
  })
})

describe("Norm", () => {
  it("is zero along the row itself: scaling a row changes nothing", async () => {
    // With epsilon 0 the result does not depend on the row's length, so the gradient is orthogonal to the row.
    const gain: Input = { shape: [3], values: [1, 2, -1] }
    const { "d.gain": dGain, "d.x": dx, y } = await differentiate(
      { x: matrix, gain },
      [3, 1, -2, 1, 4, 2],
      (g, t) => Norm.rmsNorm(g, t["x"]!, t["gain"]!, 0)
    )
    const rms = [Math.sqrt(14 / 3), Math.sqrt(77 / 3)]
    assertClose(y, matrix.values.map((value, i) => value / rms[Math.floor(i / 3)]! * gain.values[i % 3]!))
    assert.closeTo(dx![0]! * 1 + dx![1]! * -2 + dx![2]! * 3, 0, 1e-6)
    assertClose(dGain, [3 / rms[0]! + 4 / rms[1]!, -2 / rms[0]! + 20 / rms[1]!, -6 / rms[0]! - 12 / rms[1]!])
  })
})

describe("TokenHead", () => {
  const hidden: Input = { shape: [5, 2], values: [1, 0, 0, 1, 1, 1, -1, 2, 0.5, -0.5] }
  const head: Input = { shape: [4, 2], values: [1, 0, 0, 2, -1, 1, 0.3, 0.4] }
  const targets = [3, 0, 1, 2, 1]

  const run = async (chunk: number, trainHead: boolean) => {
    const g = new Graph()
    const states = g.input("hidden", hidden.shape)
    const weights = g.input("head", head.shape, "float32", trainHead)
    const ids = g.integers(targets)
    const slopes = g.constant([1, -2, 0, 0.5, 3])
    const gradients = TokenHead.tokenGradients(
      g,
      states,
      weights,
      ids,
      (_, from, to) => Layout.sliceRows(g, slopes, from, to),
      { chunk }
    )
    g.output("logprobs", gradients.logprobs)
    g.output("scored", TokenHead.tokenLogprobs(g, states, weights, ids, { chunk }))
    g.output("d.hidden", gradients.hidden)
    if (gradients.head !== undefined) g.output("d.head", gradients.head)
    return execute(g, { hidden, head })
  }

  it("gives the same log-probabilities and gradients in chunks, with a frozen and a trained head", async () => {
    const whole = await run(8, true)
    // Row 0: logits 1, 0, -1, 0.3, of which the last is the target.
    assert.closeTo(whole["logprobs"]![0]!, 0.3 - Math.log(Math.exp(1) + 1 + Math.exp(-1) + Math.exp(0.3)), 1e-6)
    for (const [chunk, trainHead] of [[2, true], [2, false], [8, false]] as const) {
      const results = await run(chunk, trainHead)
      assertClose(results["logprobs"], whole["logprobs"]!)
      assertClose(results["scored"], whole["logprobs"]!)
      assertClose(results["d.hidden"], whole["d.hidden"]!)
      if (trainHead) assertClose(results["d.head"], whole["d.head"]!)
      else assert.notProperty(results, "d.head")
    }
  })

  it("moves no logit when all move together: the head's gradient sums to zero over the vocabulary", async () => {
    const { "d.head": gradient } = await run(2, true)
    assert.closeTo(gradient![0]! + gradient![2]! + gradient![4]! + gradient![6]!, 0, 1e-6)
    assert.isAbove(Math.abs(gradient![0]!), 0.01)
  })
})
