/**
 * The bundle does what the sources do, only sooner: same results under same keys, one instance of every module, and an
 * edit of a source counts at once.
 */
import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { Event } from "../../../runtime/Event.ts"
import { type Ended, EngineCopy } from "./engineCopy.ts"

const probe = "probe.ts"

/** An experiment that says, when it is loaded, where the engine came from and whether there is one of everything. */
const probeText = `
import * as Graph from "effect/Graph"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Node from "../../../../runtime/Node.ts"
import * as Type from "../../../../runtime/Type.ts"

const node = Node.make({ name: "n", inputs: {}, output: Type.value("n", Schema.Int), run: () => 1 })
const graph = Graph.directed((mutable) => void Graph.addNode(mutable, "a"))
console.log(JSON.stringify({
  engine: node.definition.site.frames[0].url,
  schema: node.definition.paramSchema.ast.constructor === Schema.Struct({}).ast.constructor,
  outside: Object.getPrototypeOf(Graph.getNode(graph, 0)) === Object.getPrototypeOf(Option.some("a"))
}))
`

/** What the probe says; its export is no experiment, so the command then ends. */
const probed = (copy: EngineCopy, ...args: ReadonlyArray<string>) => {
  writeFileSync(join(copy.project, probe), probeText)
  const { exitCode, stderr, stdout } = copy.call("plan", probe, ...args)
  assert.match(stderr, /^error: probe\.ts: its default export is no experiment\n/)
  assert.strictEqual(exitCode, 2)
  return JSON.parse(stdout) as { readonly engine: string; readonly schema: boolean; readonly outside: boolean }
}

const isBundled = (copy: EngineCopy): boolean => probed(copy).engine.includes("/dist/start/")

const eventsOf = ({ stdout }: Ended): ReadonlyArray<Event> =>
  stdout.split("\n").filter((line) => line.startsWith("{\"event\"")).map((line) => JSON.parse(line))

/** Label and key of every node that a run executed. */
const keysOf = (ended: Ended) =>
  eventsOf(ended).flatMap((event) => event.event === "NodeFinished" ? [[event.label, event.key]] : []).sort()

let copy: EngineCopy
beforeAll(() => {
  copy = new EngineCopy()
  const { exitCode, stderr } = copy.prepare()
  assert.strictEqual(stderr, "")
  assert.strictEqual(exitCode, 0)
})
afterAll(() => copy.remove())

describe("a command", () => {
  it("starts from the bundle, with one instance of every module, in it and around it", () => {
    const { engine, outside, schema } = probed(copy)
    assert.include(engine, "/dist/start/")
    assert.isTrue(schema)
    assert.isTrue(outside, "a module of effect that is not bundled uses the bundle's")
  })

  it("starts from the sources where stack traces are asked for", () => {
    const { engine } = probed(copy, "--log-level", "debug")
    assert.include(engine, "/runtime/code/definitionSite.ts")
  })

  it("makes the same results under the same keys from either, and reuses those of the other", () => {
    const bundled = copy.call("run", "experiment.ts", "--json", "--cache", "bundled")
    const sources = copy.call("run", "experiment.ts", "--json", "--cache", "sources", "--log-level=debug")
    assert.deepStrictEqual([bundled.exitCode, sources.exitCode], [0, 0])
    assert.deepStrictEqual(keysOf(bundled).map(([label]) => label), ["summary", "weigh", "words"])
    assert.deepStrictEqual(keysOf(bundled), keysOf(sources))
    const again = copy.call("run", "experiment.ts", "--json", "--cache", "sources")
    assert.deepStrictEqual(keysOf(again), [])
    const shown = (cache: string) => copy.call("show", "summary", "--json", "--cache", cache).stdout
    assert.strictEqual(shown("bundled"), shown("sources"))
  })

  it("names the project's own line where an experiment throws, not the engine's", () => {
    writeFileSync(
      join(copy.project, "throws.ts"),
      "import * as Type from \"../../../../runtime/Type.ts\"\n\nType.table(\"t\", {}, undefined as any)\n"
    )
    const { stderr } = copy.call("plan", "throws.ts")
    assert.match(stderr, /^error: throws\.ts: it cannot be loaded: .* \(.*throws\.ts:3\)\n {2}mend it/)
  })
})

describe("an edited source", () => {
  const file = "runtime/Cli.ts"
  const edited = (text: string) => text.replace("typed, incremental", "quick, incremental")

  it("is used at once, also where its size and time are as before, until it is as it was", () => {
    const before = readFileSync(copy.path(file), "utf8")
    const { atime, mtime } = statSync(copy.path(file))
    assert.strictEqual(edited(before).length, before.length)
    copy.edit(file, edited)
    utimesSync(copy.path(file), atime, mtime)
    assert.match(copy.call("--help").stdout, /quick, incremental/)
    assert.isFalse(isBundled(copy))
    writeFileSync(copy.path(file), before)
    assert.match(copy.call("--help").stdout, /typed, incremental/)
    assert.isTrue(isBundled(copy))
  })

  it("is in the bundle once that is made anew; the last one stays for who still reads it", () => {
    const before = readFileSync(copy.path(file), "utf8")
    const manifest = () => JSON.parse(readFileSync(copy.path("dist/start/manifest.json"), "utf8"))
    const { digest } = manifest()
    copy.edit(file, edited)
    assert.strictEqual(copy.prepare().stderr, "")
    assert.match(copy.call("--help").stdout, /quick, incremental/)
    assert.isTrue(isBundled(copy))
    assert.notStrictEqual(manifest().digest, digest)
    assert.isTrue(statSync(copy.path(`dist/start/${digest}`)).isDirectory())
    writeFileSync(copy.path(file), before)
    assert.strictEqual(copy.prepare().stderr, "")
    assert.strictEqual(manifest().digest, digest)
  })
})

describe("the bundle", () => {
  it("works in a copy of the project, whose files have other times, and writes those down", () => {
    const moved = copy.copyTo("moved")
    const comparedMs = () => JSON.parse(readFileSync(moved.path("dist/start/manifest.json"), "utf8")).comparedMs
    const before = comparedMs()
    assert.isTrue(isBundled(moved))
    assert.isAbove(comparedMs(), before)
    assert.include(probed(moved).engine, "/moved/dist/start/")
  })

  it("is left alone where it is damaged, gone, or of another version of a package", () => {
    const broken = copy.copyTo("broken")
    const manifest = broken.path("dist/start/manifest.json")
    const text = readFileSync(manifest, "utf8")
    writeFileSync(manifest, text.slice(0, 100))
    assert.isFalse(isBundled(broken))
    writeFileSync(
      manifest,
      text.replace(/("node_modules\/effect\/package\.json",[^\]]*)"[0-9a-f]{64}"/, `$1"${"0".repeat(64)}"`)
    )
    assert.isFalse(isBundled(broken))
    writeFileSync(manifest, text)
    assert.isTrue(isBundled(broken))
    rmSync(broken.path(`dist/start/${JSON.parse(text).digest}`), { recursive: true })
    assert.isFalse(isBundled(broken))
  })

  it("is not made where the bundler is not installed, which is said, and commands work from the sources", () => {
    const bare = new EngineCopy(["rolldown"])
    try {
      const { exitCode, stderr } = bare.prepare()
      assert.strictEqual(exitCode, 0)
      assert.match(stderr, /^pipeline: no bundle was made, commands will start more slowly: .*rolldown/)
      assert.isFalse(isBundled(bare))
    } finally {
      bare.remove()
    }
  })
})
