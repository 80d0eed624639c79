/**
 * The matrix product at its best: the largest layer of the model over 2,048 tokens, by the kernels that training uses.
 *
 *     node gemm.ts THREADS
 */
import { Graph } from "../../../models/onnx/Graph.ts"
import * as Layout from "../../../models/onnx/Layout.ts"
import * as Matmul from "../../../models/onnx/Matmul.ts"
import { loadRuntime, openSession } from "../../../models/onnx/openSession.ts"
import { benchConfig } from "../benchModel.ts"
import { endTurn, nextTurn, ready, startMeter } from "../turns.ts"

const rows = 2048
/** Products of one turn, a quarter of a second or so. */
const repetitions = 8

const { ffn, hidden } = benchConfig
const graph = new Graph()
const x = graph.input("x", [rows, hidden])
const w = graph.input("w", [ffn, hidden])
// the product is computed whole, but copying it out is no part of its speed
graph.output("y", Layout.sliceRows(graph, Matmul.gemm(graph, x, w, { transposeB: true }), 0, 1))

const runtime = await loadRuntime()
const session = await openSession(graph.encode(), {
  threads: Number(process.argv[2]),
  arena: true,
  optimisation: "basic"
})
const values = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i))
const feeds = {
  x: new runtime.Tensor("float32", values(rows * hidden), [rows, hidden]),
  w: new runtime.Tensor("float32", values(ffn * hidden), [ffn, hidden])
}

ready()
while (nextTurn() !== undefined) {
  await session.run(feeds)
  startMeter()
  for (let i = 0; i < repetitions; i++) await session.run(feeds)
  endTurn({ flops: repetitions * 2 * rows * hidden * ffn })
}
