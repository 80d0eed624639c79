/**
 * Any file of a cache may be damaged, several at once: what is shown is right or is refused with one message, the next
 * run ends well with the same results, and what is made anew is whole. Which files and how is drawn from a seed; that
 * every byte of a log matters is tested beside the logs, in test/cache.
 */
import { cpSync, readdirSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { contentsOf } from "./contentOf.ts"
import { harmFile } from "./harmFile.ts"
import { MixedRuns } from "./MixedRuns.ts"
import { random } from "./random.ts"

const seeds = Array.from({ length: Number(process.env["FAULTS_HARMS"] ?? 12) }, (_, index) => index + 1)

const labels = ["lines", "mood", "album", "weigh", "praise", "heavy", "report"]
const anew = labels.flatMap((label) => ["--force", label])

describe("a cache with three damaged files", () => {
  const runs = new MixedRuns()
  const kept = `${runs.cache}-kept`
  afterAll(() => runs.remove())

  let contents: ReadonlyMap<string, string>
  let shown: ReadonlyArray<string>
  const show = () => Promise.all([["show", "report"], ["query", "from praise"]].map((args) => runs.call(args)))

  beforeAll(async () => {
    assert.strictEqual((await runs.run()).exitCode, 0)
    contents = await runs.contents()
    shown = (await show()).map(({ stdout }) => stdout)
    cpSync(runs.cache, kept, { recursive: true, preserveTimestamps: true })
  })

  it.each(seeds)("shows nothing that is wrong and is whole again after a run (seed %i)", async (seed) => {
    rmSync(runs.cache, { recursive: true })
    cpSync(kept, runs.cache, { recursive: true, preserveTimestamps: true })
    const draw = random(seed)
    const files = readdirSync(runs.cache, { recursive: true, encoding: "utf8" })
      .map((name) => join(runs.cache, name))
      .filter((file) => statSync(file).isFile() && !file.endsWith("FORMAT"))
      .sort()
    const harms = [1, 2, 3].map(() => {
      const [file] = files.splice(Math.floor(draw() * files.length), 1)
      return `${harmFile(file!, draw)} in ${file!.slice(runs.cache.length)}`
    })
    const what = harms.join(", ")
    for (const [index, { exitCode, stderr, stdout }] of (await show()).entries()) {
      if (exitCode === 0) assert.strictEqual(stdout, shown[index], what)
      else assert.strictEqual(stderr.match(/^error: /gm)?.length, 1, `${what}: ${stderr}`)
    }
    const { exitCode, stderr } = await runs.run()
    assert.strictEqual(exitCode, 0, `${what}: ${stderr}`)
    assert.deepStrictEqual(await contentsOf(runs.cache), contents, what)
    const forced = await runs.run({ args: anew })
    assert.strictEqual(forced.exitCode, 0, `${what}: ${forced.stderr}`)
    assert.deepStrictEqual(await runs.contents(), contents, what)
    assert.deepStrictEqual((await show()).map(({ stdout }) => stdout), shown, what)
  })
})

describe("a damaged FORMAT", () => {
  it("is written anew: the name of its folder says the layout as well", async () => {
    const runs = new MixedRuns()
    assert.strictEqual((await runs.run()).exitCode, 0)
    const format = join(runs.cache, "v2", "FORMAT")
    for (const text of ["", "{\"layout\":", "null\n"]) {
      rmSync(format, { force: true })
      runs.project.write("../cache/v2/FORMAT", text)
      const { events, exitCode, stderr } = await runs.run()
      assert.strictEqual(exitCode, 0, stderr)
      assert.strictEqual(events.filter((event) => event.event === "NodeFresh").length, labels.length)
    }
    runs.remove()
  })
})
