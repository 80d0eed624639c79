/**
 * Entry of a process that tries one device: computes a sum there and prints what came out, or why not, as one line of
 * JSON. A process of its own, because a broken driver may end the process that asks it. `doctor.ts` starts it.
 */
import { binary } from "./onnx/Elementwise.ts"
import { Graph } from "./onnx/Graph.ts"
import { loadRuntime } from "./onnx/openSession.ts"

const device = process.argv[2]!

/** 1 + 1, computed by the device. */
const compute = async (): Promise<number> => {
  const runtime = await loadRuntime()
  const g = new Graph()
  const x = g.input("x", [1])
  g.output("y", binary(g, "Add", x, x))
  const session = await runtime.InferenceSession.create(g.encode(), {
    executionProviders: [device],
    logSeverityLevel: 4
  })
  const { y } = await session.run({ x: new runtime.Tensor("float32", Float32Array.of(1), [1]) })
  await session.release()
  return (y!.data as Float32Array)[0]!
}

/** onnxruntime's words without the place in its source. */
const reasonOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).replace(/^\/.* was false\. /s, "").trim()

const outcome = await compute().then(
  (sum) => sum === 2 ? { available: true } : { available: false, reason: `it computes 1 + 1 = ${sum}` },
  (cause: unknown) => ({ available: false, reason: reasonOf(cause) })
)
process.stdout.write(`${JSON.stringify(outcome)}\n`)
