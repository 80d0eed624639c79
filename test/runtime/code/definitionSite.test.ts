import { execFileSync } from "node:child_process"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { assert, it } from "vitest"
import { stacksAreExact } from "../../../runtime/code/definitionSite.ts"
import { type Files, openAt, write } from "./fixture.ts"

const code = pathToFileURL(resolve(import.meta.dirname, "../../../runtime/code")).href

/** Nodes made in every way people make them. */
const project: Files = {
  "package.json": `{ "type": "module" }`,
  "runtime/Node.ts": `import { definitionSite } from "${code}/definitionSite.ts"
export const made: Array<any> = []
export const make = (spec: any) => {
  const definition = { name: spec.name, site: definitionSite() }
  made.push(definition)
  return Object.assign(() => spec, { definition })
}`,
  "lib/grade.ts": `import * as Node from "../runtime/Node.ts"
type Grade = { readonly k: number }
export const grade = (name: string, k: number): any => wrapped({ k }, name)
const wrapped = (g: Grade, name: string) => Node.make({ name, version: 1, *run() { return g.k } })`,
  "experiment.ts": `import type { Missing } from "./missing.ts"
import * as Node from "./runtime/Node.ts"
import { grade } from "./lib/grade.ts"
interface Wide { readonly a: string }   ; export const first = Node.make({ name: "first", *run() { return 1 } }), second = Node.make({
  name: "second", *run() { return 2 } })
export const strict = grade("strict", 1) as Missing
export const lax = grade("lax", 2)
export const many = ["p", "q"].map((n: string) => Node.make({ name: n }))
export const record = { inner: Node.make({ name: "inner" }) }
class Holder { static readonly node = Node.make({ name: "static" }) }
const late = () => Node.make({ name: "late" })
late()
export default Holder
const hidden = Node.make({ name: "hidden" })
export const deferred: any = keep((k: number) => Node.make({ name: "deferred", *run() { return k } }))
function keep(f: any) { return f }
setTimeout(() => late(), 0)`,
  "node_modules/kit/package.json": `{ "name": "kit", "version": "1.2.3", "type": "module", "exports": "./nodes.js" }`,
  "node_modules/kit/nodes.js": `import * as Node from "../../runtime/Node.ts"
export const installed = Node.make({ name: "installed" })
export const later = (name) => Node.make({ name })
setTimeout(() => later("whileRunning"), 0)`,
  "entry.ts": `import { installed, later } from "kit"
import { deferred } from "./experiment.ts"
export default deferred(1)
export const byKit = later("byKit")
setTimeout(() => later("tooLate"), 0)`
}

/** Runs a script against the project under plain Node, as users do; it prints JSON. */
const runNode = (root: string, script: string): any => {
  const text = `import * as Effect from "${import.meta.resolve("effect/Effect")}"
import * as Code from "${code}/CodeDigests.ts"
import { stacksAreExact } from "${code}/definitionSite.ts"
const { made } = await import("./runtime/Node.ts")
await import("./entry.ts")
await new Promise((done) => setTimeout(done, 0))
const root = process.cwd()
const opaque = (file) => file.startsWith(root + "/runtime") ? "engine" : undefined
const code = await Effect.runPromise(Code.open({ root, entry: "entry.ts", opaque }))
${script}`
  return JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "--eval", text], { cwd: root, encoding: "utf8" })
  )
}

const notFound = (name: string) => `node ${name}: its definition was not found; define it at the top level of a module`

it("a stack under plain Node leads to the declaration that made the node", () => {
  const script = `console.log(JSON.stringify(made.map((node) => {
    const { outside, parts, refused } = code.ofNode({ ...node, value: node })
    return [node.name, parts[0]?.at ?? refused[0] ?? outside[0], parts[0]?.name ?? ""]
  })))`
  assert.deepStrictEqual(runNode(write(project), script), [
    ["installed", "kit@1.2.3/nodes.js#installed", ""],
    ["first", "experiment.ts:4", "first"],
    ["second", "experiment.ts:4", "second"],
    ["strict", "experiment.ts:6", "strict"],
    ["lax", "experiment.ts:7", "lax"],
    ["p", "experiment.ts:8", "many"],
    ["q", "experiment.ts:8", "many"],
    ["inner", "experiment.ts:9", "record"],
    ["static", "experiment.ts:10", "Holder"],
    ["late", "experiment.ts:12", "statement"],
    ["hidden", "experiment.ts:14", "hidden"],
    // Made by a function, from a number that only its caller has.
    ["deferred", "entry.ts:3", "*default*"],
    ["byKit", "entry.ts:4", "byKit"],
    ["whileRunning", notFound("whileRunning"), ""],
    ["late", notFound("late"), ""],
    ["tooLate", notFound("tooLate"), ""]
  ])
})

it("two nodes of one factory have two digests, that see the factory", () => {
  const script = `console.log(JSON.stringify(made.map((node) => code.ofNode({ ...node, value: node }).digest)))`
  const [, , , strict, lax] = runNode(write(project), script)
  assert.notStrictEqual(strict, lax)
  const edited = { ...project, "lib/grade.ts": project["lib/grade.ts"]!.replace("return g.k", "return -g.k") }
  const [, first, , strictAfter, laxAfter] = runNode(write(edited), script)
  assert.strictEqual(first, runNode(write(project), script)[1])
  assert.notStrictEqual(strict, strictAfter)
  assert.notStrictEqual(lax, laxAfter)
})

it("plain Node's stacks are exact; under a transformer they are not", () => {
  assert.strictEqual(runNode(write(project), "console.log(stacksAreExact())"), true)
  assert.strictEqual(stacksAreExact(), false)
})

it("under a transformer a node is found among the exports of its module, by identity", async () => {
  const root = write(project)
  const code = await openAt(root, { locate: undefined })
  const experiment = await import(pathToFileURL(resolve(root, "experiment.ts")).href)
  const at = (value: object) => {
    const { parts, refused } = code.ofNode({ site: { frames: [], loading: false }, name: "n", value })
    return parts[0]?.name ?? refused[0]
  }
  assert.strictEqual(at(experiment.first), "first")
  assert.strictEqual(at(experiment.first.definition), "first")
  assert.strictEqual(at(experiment.strict), "strict")
  assert.strictEqual(at(experiment.many[1]), "many")
  assert.strictEqual(at(experiment.record.inner), "record")
  assert.strictEqual(at(() => 1), notFound("n"))
})
