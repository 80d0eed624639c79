/**
 * What goes wrong while an experiment is opened is told in one message: what, where (file and line of the project, not of
 * the engine), and what to do next.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { copyProject, type Project } from "../faults/copyProject.ts"
import { start } from "../support/pipeline.ts"

let project: Project
beforeAll(() => void (project = copyProject()))
afterAll(() => project.remove())

const engine = (module: string) => `import * as ${module} from "sinternal/runtime/${module}.ts"`

const experiment = (build: string, before = "") =>
  [
    engine("Experiment"),
    engine("Node"),
    engine("Pipeline"),
    engine("Type"),
    "import * as Layer from \"effect/Layer\"",
    "import * as Schema from \"effect/Schema\"",
    before,
    "const One = Type.value(\"one\", Schema.Int)",
    "const one = Node.make({ name: \"one\", inputs: {}, output: One, run: () => 1 })",
    "const two = Node.make({ name: \"two\", inputs: { one: One }, output: One, run: () => 2 })",
    "const pipeline = Pipeline.make({ name: \"p\", settings: {}, build: () => {",
    build,
    "} })",
    "export default Experiment.make({ pipeline, config: {}, layers: () => Layer.empty })"
  ].join("\n")

const opened = async (name: string, text: string) => {
  project.write(`${name}.ts`, text)
  const { exitCode, stderr } = await start(["plan", `${name}.ts`, "--cache", project.cache], { cwd: project.path })
    .finished
  return { exitCode, stderr }
}

describe("an experiment is refused", () => {
  it("whose build throws, with the line that did", async () => {
    const { exitCode, stderr } = await opened("throws", experiment("throw new Error(\"no rows today\")"))
    assert.strictEqual(
      stderr,
      "error: throws.ts: it cannot be built: no rows today (throws.ts:12)\n  mend the pipeline's `build` or what it is given\n"
    )
    assert.strictEqual(exitCode, 2)
  })

  it("with two nodes of one name, with the lines that define them", async () => {
    const { exitCode, stderr } = await opened(
      "twice",
      experiment("return { one: one({}), two: two.as(\"one\")({ one: one.as(\"three\")({}) }) }")
    )
    assert.match(
      stderr,
      /^error: one cannot be planned: two different nodes .*: they are defined apart \(twice\.ts:9\) \(twice\.ts:10\)\n {2}name one of them/
    )
    assert.strictEqual(exitCode, 2)
  })

  it("with a circle of nodes, spelt out", async () => {
    const { exitCode, stderr } = await opened(
      "circle",
      experiment("const inputs = { one: one({}) }; const first = two(inputs); inputs.one = first; return { first }")
    )
    assert.match(stderr, /^error: two cannot be planned: it needs its own result: two reads two\n {2}connect nodes/)
    assert.strictEqual(exitCode, 2)
  })

  it("that changes while it is loaded, with the file that did", async () => {
    project.write("part.ts", "export const part = 1\n")
    const edits = "import { part } from \"./part.ts\"; import { writeFileSync } from \"node:fs\"; " +
      "writeFileSync(new URL(\"./part.ts\", import.meta.url), `export const part = ${part + 1}\\n`)"
    const { exitCode, stderr } = await opened("edited", experiment("return { one: one({}) }", edits))
    assert.strictEqual(
      stderr,
      "error: edited.ts: part.ts changed while it was being loaded\n  run the same command again\n"
    )
    assert.strictEqual(exitCode, 2)
  })

  it("where the file of accepted digests was left with a conflict", async () => {
    writeFileSync(join(project.path, "pipeline.accepted.json"), "<<<<<<< ours\n{}\n")
    const { exitCode, stderr } = await opened("conflict", experiment("return { one: one({}) }"))
    assert.match(stderr, /^error: .*pipeline\.accepted\.json: it is no JSON object of code digests.*\n {2}mend it/)
    assert.strictEqual(exitCode, 2)
  })
})
