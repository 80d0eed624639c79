/**
 * A disk that is full, over quota, failing, or mounted for reading only: one message says so, what was finished is
 * kept, and the next run goes on from there. What only reads works on a disk that can only be read.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { MixedRuns } from "./MixedRuns.ts"
import { failing, readOnly } from "./readOnly.ts"
import { ended, ran } from "../support/whatRan.ts"

let undisturbed: ReadonlyMap<string, string>
beforeAll(async () => {
  const runs = new MixedRuns()
  assert.strictEqual((await runs.run()).exitCode, 0)
  undisturbed = await runs.contents()
  runs.remove()
})

/** The whole of standard error is one message. */
const assertOneError = (stderr: string, message: RegExp) => {
  assert.match(stderr, message)
  assert.strictEqual(stderr.match(/error:/g)?.length, 1, stderr)
  assert.notMatch(stderr, /^\s+at .*[(/].*:\d+/m, "a stack trace")
}

describe("a disk that takes nothing more, from one of many calls on,", () => {
  const full = /no space left in .*cache; free some space and run the same command again/
  const readOnlyNow = /EROFS at .*; the file system is mounted for reading only: use a folder that may be written/
  const failed = /EIO at .*; check that the folder exists and may be written/
  const cases: ReadonlyArray<readonly [code: string, from: number, message: RegExp]> = [
    ["ENOSPC", 5, full],
    ["ENOSPC", 60, full],
    ["ENOSPC", 85, full],
    ["ENOSPC", 100, full],
    ["EDQUOT", 95, full],
    ["EROFS", 90, readOnlyNow],
    ["EIO", 95, failed]
  ]
  it.each(cases)("%s from the %ith: one error, and the next run does the rest", async (code, from, message) => {
    const runs = new MixedRuns()
    const stopped = await runs.run(failing(runs.cache, code, from))
    assertOneError(stopped.stderr, message)
    assert.oneOf(stopped.exitCode, [1, 2])
    const next = await runs.run()
    assert.strictEqual(next.exitCode, 0, next.stderr)
    runs.assertNothingRepeated(`${code} from ${from}`)
    assert.deepStrictEqual(await runs.contents(), undisturbed)
    runs.remove()
  })

  it("names the node whose result could not be kept", async () => {
    const runs = new MixedRuns()
    const calls = 100
    const { stderr } = await runs.run(failing(runs.cache, "ENOSPC", calls))
    assert.match(stderr, /^error: (lines|mood|album|weigh|praise|heavy|report) .*failed: no space left/)
    runs.remove()
  })
})

describe("a cache that can only be read", () => {
  const runs = new MixedRuns()
  afterAll(() => runs.remove())
  let reading: ReturnType<typeof readOnly>
  beforeAll(async () => {
    assert.strictEqual((await runs.run()).exitCode, 0)
    reading = readOnly(runs.cache)
  })

  const commands = [
    ["ls"],
    ["ls", "--runs"],
    ["show", "report"],
    ["show", "praise"],
    ["query", "select id, praise from praise order by weight limit 3"],
    ["log"],
    ["plan", "experiment.ts"]
  ]
  it.each(commands)("serves %s %s", async (...args) => {
    const writable = await runs.call(args)
    const { exitCode, stderr, stdout } = await runs.call(args, reading)
    assert.deepStrictEqual({ exitCode, stdout, stderr }, {
      exitCode: 0,
      stdout: writable.stdout,
      stderr: writable.stderr
    })
    assert.isAbove(stdout.length, 10)
  })

  it("serves a run that has nothing to do, which says that it is not on record", async () => {
    const { events, exitCode, stderr } = await runs.run(reading)
    assert.strictEqual(exitCode, 0, stderr)
    assert.match(stderr, /^this run is not on record: could not store a run: EROFS/)
    assert.strictEqual(ended(events).nodes.fresh, 7)
  })

  it("refuses a run that has something to do before anything runs; a plan of it is made", async () => {
    const forced = ["--force", "weigh"]
    const { events, exitCode, stderr } = await runs.run({ ...reading, args: forced })
    assert.strictEqual(exitCode, 2)
    assertOneError(stderr, /could not store a run: EROFS at .*; the file system is mounted for reading only/)
    assert.deepStrictEqual(ran(events), [])
    const plan = await runs.call(["plan", "experiment.ts", ...forced], reading)
    assert.strictEqual(plan.exitCode, 0, plan.stderr)
    assert.match(plan.stdout, /weigh\s+stale\s+forced/)
    const next = await runs.run()
    assert.strictEqual(ended(next.events).nodes.fresh, 7)
  })
})
