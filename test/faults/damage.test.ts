/**
 * A cache with damaged or missing files gives no wrong result and needs no repair by hand: what was lost is made again,
 * and only where something needs it.
 */
import { join } from "node:path"
import { afterAll, afterEach, assert, beforeEach, describe, it } from "vitest"
import { blobsOf } from "../../cache/Manifest.ts"
import { pipeline, temporaryFolder } from "../support/pipeline.ts"
import { contentsOf, manifestsOf } from "./contentOf.ts"
import { copyProject, type Project } from "./copyProject.ts"
import { filesBelow, flipBits, harmActions, harmBlobs } from "./damageBlobs.ts"
import { ran, rowsFound } from "../support/whatRan.ts"

describe("a small cache", () => {
  let project: Project
  const result = "3 words weigh 22"
  const run = (...args: ReadonlyArray<string>) => project.call("run", ...args)
  const events = async (...args: ReadonlyArray<string>) => (await run("--json", ...args)).events

  beforeEach(async () => {
    project = copyProject()
    const { exitCode, stderr, stdout } = await run()
    assert.deepStrictEqual({ exitCode, stdout: stdout.trim() }, { exitCode: 0, stdout: result }, stderr)
  })
  afterEach(() => project.remove())

  for (const harm of ["one flipped bit", "loss"] as const) {
    it(`with ${harm} in every blob makes all results again, the source's file included, and runs no row twice`, async () => {
      harmBlobs(project.cache, harm)
      const { events, exitCode, stderr } = await run("--json")
      assert.strictEqual(exitCode, 0, stderr)
      assert.deepStrictEqual(ran(events).toSorted(), ["summary", "weigh", "words"])
      const { fresh, toRun } = rowsFound(events, "weigh")!
      assert.deepStrictEqual({ fresh, toRun }, { fresh: 3, toRun: 0 })
      const again = await run()
      assert.deepStrictEqual({ exitCode: again.exitCode, stdout: again.stdout.trim() }, { exitCode: 0, stdout: result })
      assert.include(again.stderr, "3 nodes fresh")
    })
  }

  it("with a damaged result that nothing needs leaves it, and `show` says that it is damaged", async () => {
    const words = (await manifestsOf(project.cache)).get("words")!
    harmBlobs(project.cache, "one flipped bit", blobsOf(words))
    const shown = await pipeline("show", "words", "--cache", project.cache)
    assert.deepStrictEqual({ exitCode: shown.exitCode, stdout: shown.stdout }, { exitCode: 1, stdout: "" })
    assert.match(shown.stderr, /^error: words: .* is damaged .*\n {2}.*--force words/)
    assert.deepStrictEqual(ran(await events()), [])
    assert.deepStrictEqual(ran(await events("--force", "words")), ["words"])
    assert.include((await pipeline("show", "words", "--cache", project.cache)).stdout, "granite")
  })

  it("with damaged action records runs their nodes again, from the rows that are there", async () => {
    harmActions(project.cache, "one flipped bit")
    const happened = await events()
    assert.deepStrictEqual(ran(happened), ["words", "weigh", "summary"])
    assert.strictEqual(rowsFound(happened, "weigh")!.fresh, 3)
    assert.strictEqual((await run()).stdout.trim(), result)
  })

  it("with a damaged row log runs the rows that are not whole any more", async () => {
    flipBits(filesBelow(project.cache, "memo"))
    harmActions(project.cache, "loss")
    const { exitCode, stderr, stdout } = await run()
    assert.deepStrictEqual({ exitCode, stdout: stdout.trim() }, { exitCode: 0, stdout: result })
    assert.match(stderr, /weigh {2}1 row \(2 reused\)/)
  })
})

describe("a cache of checkpoints", () => {
  const folder = temporaryFolder()
  afterAll(folder.remove)
  const cache = join(folder.path, "cache")
  const sizes = [
    "train.prompts={\"train\":16}",
    "evaluation.prompts={\"inDistribution\":6,\"benign\":6}",
    "sft.epochs=1",
    "grpo.steps=1"
  ]
  const run = (...sets: ReadonlyArray<string>) =>
    pipeline(
      "run",
      "test/faults/fixtures/world.ts",
      "--cache",
      cache,
      "--json",
      ...[...sizes, ...sets].flatMap((set) => ["--set", set])
    )

  it("with a damaged one trains it again where something new needs it, to the same weights", async () => {
    const first = await run()
    assert.strictEqual(first.exitCode, 0, first.stderr)
    const before = await contentsOf(cache)
    harmBlobs(cache, "one flipped bit", blobsOf((await manifestsOf(cache)).get("verifySft")!))
    const { events, exitCode, stderr } = await run("evaluation.temperature=0.5")
    assert.strictEqual(exitCode, 0, stderr)
    assert.strictEqual(ran(events).filter((label) => label === "verifySft").length, 1)
    assert.notInclude(ran(events), "grpo") // its own result is whole
    assert.notInclude(ran(events), "rollout")
    assert.strictEqual((await contentsOf(cache)).get("verifySft"), before.get("verifySft"))
  })
})
