/**
 * The npm package in a folder outside the repository: it holds no TypeScript that Node would have to run, its command
 * makes a project that compiles, plans and runs, its code counts by its version, and its models sample as they do here.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { openSampler } from "../../models/sample/Sampler.ts"
import type { Event } from "../../runtime/Event.ts"
import { projectRoot, temporaryFolder } from "../support/pipeline.ts"
import { ran, rowsRan } from "../support/whatRan.ts"
import { install, pack } from "./installPackage.ts"

const temporary = temporaryFolder()
const project = join(realpathSync(temporary.path), "own")
let folder: string
let bin: string

const spawned = (...args: ReadonlyArray<string>) => {
  const { PIPELINE_CACHE: _, ...env } = process.env
  const { status, stderr, stdout } = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8", env })
  return { status, stdout, stderr }
}

/** The installed command. */
const call = (...args: ReadonlyArray<string>) => spawned(bin, ...args)

const run = (): ReadonlyArray<Event> => {
  const { status, stderr, stdout } = call("run", "experiments/first.ts", "--json")
  assert.strictEqual(status, 0, stderr)
  return stdout.split("\n").filter((line) => line.startsWith("{\"event\"")).map((line) => JSON.parse(line))
}

const filesIn = (root: string): ReadonlyArray<string> =>
  readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))

const change = (file: string, edit: (text: string) => string): void => {
  const before = readFileSync(file, "utf8")
  const after = edit(before)
  assert.notStrictEqual(after, before, file)
  writeFileSync(file, after)
}

beforeAll(() => {
  mkdirSync(project)
  folder = install(pack(temporary.path), project)
  bin = join(folder, JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).bin.pipeline)
})
afterAll(temporary.remove)

describe("what is packed", () => {
  it("is JavaScript with declarations, the command, the template and little else", () => {
    const files = filesIn(folder)
    const sources = files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
    assert.deepStrictEqual(sources.filter((file) => !file.startsWith(join("dist", "library", "template"))), [])
    assert.deepStrictEqual(files.filter((file) => file.startsWith("runtime")), [join("runtime", "pipeline.mjs")])
    const top = new Set(files.map((file) => file.split(/[\\/]/)[0]))
    assert.deepStrictEqual([...top].sort(), ["CHANGELOG.md", "LICENSE", "README.md", "dist", "package.json", "runtime"])
    for (const name of ["runtime/Node", "nodes/loadSpec", "models/Llama", "pipelines/sinternal", "cache/Store"]) {
      for (const ending of ["js", "d.ts"]) assert.include(files, join("dist", "library", `${name}.${ending}`))
    }
    assert.isAtMost(files.length, 2500)
  })

  it("loads whole: every module finds what it imports", () => {
    const entries = filesIn(join(folder, "dist", "library"))
      .filter((file) => file.endsWith(".js") && !file.startsWith("dist") && !/(?:Worker|doctorProbe)\.js$/.test(file))
    assert.isAtLeast(entries.length, 300)
    const specifiers = entries.map((file) => `sinternal/${file.replaceAll("\\", "/").replace(/\.js$/, "")}`)
    const script = join(project, "load.mjs")
    writeFileSync(
      script,
      `for (const each of ${JSON.stringify(specifiers)}) await import(each)\nconsole.log("loaded")\n`
    )
    const { stderr, stdout } = spawned(script)
    assert.strictEqual(stderr, "")
    assert.strictEqual(stdout, "loaded\n")
  })

  it("its models sample, in a worker of the package, what they sample here", async () => {
    const base = join(projectRoot, "experiments", "world", "base")
    const options = { width: 1, threads: 1, maxLength: 64 }
    const request = {
      messages: [{ role: "user", content: "is art open ?" }],
      maxNewTokens: 8,
      temperature: 0,
      topP: 1,
      topK: 0,
      seed: 1
    } as const
    const script = join(project, "sample.mjs")
    writeFileSync(
      script,
      `import { openSampler } from "sinternal/models/sample/Sampler"
const sampler = await openSampler(${JSON.stringify(base)}, ${JSON.stringify(options)})
console.log(JSON.stringify(await sampler.sample(${JSON.stringify(request)})))
await sampler.close()\n`
    )
    const { stderr, stdout } = spawned(script)
    const sampler = await openSampler(base, options)
    const here = await sampler.sample(request)
    await sampler.close()
    assert.strictEqual(stderr, "")
    assert.isNotEmpty(here.ids)
    assert.deepStrictEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(here)))
  })
})

describe("a project made by it", () => {
  it("is made in a folder that has only the package, which it depends on as it was installed", () => {
    writeFileSync(
      join(project, "package.json"),
      JSON.stringify({ dependencies: { sinternal: "file:../sinternal.tgz" } })
    )
    const { status, stderr, stdout } = call("init")
    assert.strictEqual(status, 0, stderr)
    assert.match(stdout, /next:\n {2}npx pipeline run experiments\/first\.ts/)
    const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"))
    assert.strictEqual(manifest.dependencies.sinternal, "file:../sinternal.tgz")
    assert.strictEqual(manifest.type, "module")
    assert.isFalse(manifest.allowScripts["onnxruntime-node"])
    const deeper = call("init", "deeper/one", "--json")
    assert.strictEqual(deeper.status, 0, deeper.stderr)
    const { dependencies } = JSON.parse(readFileSync(join(project, "deeper", "one", "package.json"), "utf8"))
    assert.strictEqual(dependencies.sinternal, "file:../../../sinternal.tgz")
  })

  it("compiles against the declarations, which find a wrong edge", () => {
    const tsc = join(project, "node_modules", "typescript", "bin", "tsc")
    assert.deepStrictEqual(spawned(tsc, "--noEmit"), { status: 0, stdout: "", stderr: "" })
    const wrong = join(project, "experiments", "wrong.ts")
    writeFileSync(
      wrong,
      `import { loadSpec } from "sinternal/nodes/loadSpec"
import { sinternal } from "sinternal/pipelines/sinternal"
import * as Source from "sinternal/runtime/Source"
export const spec = loadSpec({ file: Source.folder("specs", "checkpoint") })
export const name: number = sinternal.name
`
    )
    const { stdout } = spawned(tsc, "--noEmit")
    const places = [...stdout.matchAll(/^experiments\/wrong\.ts\((\d+),/gm)].map(([, line]) => line)
    assert.deepStrictEqual(places, ["4", "5"])
  })

  it("is planned and run from the bundle, and again only where its own code or the package changed", () => {
    const planned = call("plan", "experiments/first.ts", "--exit-code")
    assert.strictEqual(planned.status, 10, planned.stderr)
    const first = run()
    assert.strictEqual(rowsRan(first, "check").ran, 8)
    assert.deepStrictEqual(ran(run()), [])

    change(
      join(project, "nodes", "brokenClauses.ts"),
      (text) => text.replace("text.toLowerCase()", "text.trim().toLowerCase()")
    )
    assert.deepStrictEqual(ran(run()), ["check"])

    // the version stands for the code of the nodes and functions that come from the package
    change(join(folder, "package.json"), (text) => text.replace(/"version": "[^"]+"/, "\"version\": \"99.0.0\""))
    assert.sameMembers([...ran(run())].filter((label) => label.startsWith("load")), ["loadSpec", "loadAnswers"])
  })

  it("starts from the bundle that came with the package", () => {
    const library = join(folder, "dist", "library")
    const manifest = JSON.parse(readFileSync(join(library, "dist", "start", "manifest.json"), "utf8"))
    writeFileSync(
      join(project, "experiments", "probe.ts"),
      `import * as Schema from "effect/Schema"
import * as Node from "sinternal/runtime/Node"
import * as Type from "sinternal/runtime/Type"
const node = Node.make({ name: "n", inputs: {}, output: Type.value("n", Schema.Int), run: () => 1 })
const [frame] = node.definition.site.frames
console.log(frame?.url.includes(${
        JSON.stringify(manifest.digest)
      }), node.definition.paramSchema.ast.constructor === Schema.Struct({}).ast.constructor)
`
    )
    assert.strictEqual(call("plan", "experiments/probe.ts").stdout, "true true\n")
  })
})
