/**
 * What an edit of a node's code reruns, and what it asks, in a project that uses the engine as a package.
 */
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { copyProject, type Project } from "./copyProject.ts"
import { ran } from "../support/whatRan.ts"

let project: Project

const run = async (...args: ReadonlyArray<string>) => {
  const { events, exitCode, stderr } = await project.call("run", "--json", ...args)
  return { exitCode, stderr, ran: ran(events) }
}

const summary = async () => (await project.call("run")).stdout.trim()

beforeAll(async () => {
  project = copyProject()
  const first = await run()
  assert.deepStrictEqual(first, { exitCode: 0, stderr: "", ran: ["words", "weigh", "summary"] })
})
afterAll(() => project.remove())

describe("an edit", () => {
  it("of white space and comments runs nothing", async () => {
    const calls = (text: string) => text.replace("return { word", "// weighed here\n    return   {\n      word")
    project.edit("nodes/weigh.ts", (text) => `${calls(text)}\n\n// the end\n`)
    project.edit("text/soundsOf.ts", (text) => text.replaceAll(/\/\*\*[^]*?\*\//g, "").replaceAll(" ", "  "))
    assert.deepStrictEqual(await run(), { exitCode: 0, stderr: "", ran: [] })
  })

  it("of a helper two calls deep runs its node, and what follows only where the result is another", async () => {
    const before = await summary()
    assert.strictEqual(before, "3 words weigh 22") // granite 4, slate 3, marble 4 sounds, twice each
    project.edit("text/soundsOf.ts", (text) => text.replace("\"u\"", "\"u\",  \"y\""))
    assert.deepStrictEqual((await run()).ran, ["weigh"]) // no word has a y
    project.edit("text/soundsOf.ts", (text) => text.replace("\"y\"", "\"t\""))
    assert.deepStrictEqual((await run()).ran, ["weigh", "summary"])
    assert.strictEqual(await summary(), "3 words weigh 18")
  })

  it("that is taken back finds the earlier results", async () => {
    project.edit("text/soundsOf.ts", (text) => text.replace("\"t\"", "\"y\""))
    assert.deepStrictEqual((await run()).ran, [])
  })

  it("above a service that costs money asks, with the place of the change and exit code 4", async () => {
    project.edit("nodes/weigh.ts", (text) => text.replace("weightOf(word),", "3 * weightOf(word),"))
    const { exitCode, ran, stderr } = await run("--set", "expensive=true")
    assert.deepStrictEqual({ exitCode, ran }, { exitCode: 4, ran: [] })
    assert.match(
      stderr,
      /only code changed.*expensive:\n {2}- weigh: code changed: weigh at nodes\/weigh\.ts:\d+\n.*--stale=rerun.*pipeline accept/
    )
  })

  it("that is accepted counts as the code before, until the file that says so is gone", async () => {
    const accepted = await project.call("accept", "weigh", "--set", "expensive=true")
    assert.strictEqual(accepted.exitCode, 0, accepted.stderr)
    const file = join(project.path, "pipeline.accepted.json")
    assert.strictEqual(Object.keys(JSON.parse(readFileSync(file, "utf8"))).length, 1)
    assert.deepStrictEqual((await run("--set", "expensive=true")).ran, [])
    rmSync(file)
    assert.strictEqual((await run("--set", "expensive=true")).exitCode, 4)
  })

  it("runs with --stale=rerun", async () => {
    assert.deepStrictEqual((await run("--set", "expensive=true", "--stale", "rerun")).ran, ["weigh", "summary"])
    assert.strictEqual(await summary(), "3 words weigh 66")
    assert.isFalse(existsSync(join(project.path, "pipeline.accepted.json")))
  })

  it("cannot be accepted where more than code changed, or where there is no such node", async () => {
    project.write("words.txt", "granite\n")
    const more = await project.call("accept", "weigh")
    assert.deepStrictEqual({ exitCode: more.exitCode, stdout: more.stdout }, { exitCode: 2, stdout: "" })
    assert.match(more.stderr, /weigh is not stale for a change of code alone\n.*pipeline why experiment\.ts weigh/)
    const none = await project.call("accept", "weight")
    assert.strictEqual(none.exitCode, 2)
    assert.match(none.stderr, /there is no node weight\n.*nodes: words, weigh, summary/)
  })
})
