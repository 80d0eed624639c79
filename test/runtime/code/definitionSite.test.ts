import { execFileSync } from "node:child_process"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { assert, describe, it } from "vitest"
import { definitionSite, stacksAreExact } from "../../../runtime/code/definitionSite.ts"
import { type Files, open, openAt, write } from "./fixture.ts"

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
setTimeout(() => late(), 0)`
}

/** Runs a script against the project under plain Node, as users do; it prints JSON. */
const runNode = (root: string, script: string): any => {
  const text = `import * as Effect from "${import.meta.resolve("effect/Effect")}"
import * as Code from "${code}/CodeDigests.ts"
import { stacksAreExact } from "${code}/definitionSite.ts"
const { made } = await import("./runtime/Node.ts")
await import("./experiment.ts")
await new Promise((done) => setTimeout(done, 0))
const root = import.meta.dirname
const opaque = (file) => file.startsWith(root + "/runtime") ? "engine" : undefined
const code = await Effect.runPromise(Code.open({ root, entry: "experiment.ts", opaque }))
${script}`
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "--eval", text], { cwd: root, encoding: "utf8" }))
}

it("a stack under plain Node leads to the declaration that made the node", () => {
  const root = write({ ...project, "run.mjs": "" })
  const script = `console.log(JSON.stringify(made.map((node) => {
    const { parts, refused } = code.ofNode({ ...node, value: node })
    return [node.name, parts[0]?.at ?? refused[0], parts[0]?.name]
  })))`
  assert.deepStrictEqual(runNode(root, script.replaceAll("import.meta.dirname", JSON.stringify(root))), [
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
    ["late", "node late: its definition was not found; define it at the top level of a module"]
  ])
})
