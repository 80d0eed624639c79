/**
 * Runs that share a cache at the same time, and runs that share rows one after the other: nothing is done twice, and
 * nobody waits for a run that is gone.
 */
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { pipeline, readTable, start, temporaryFolder } from "../support/pipeline.ts"
import { contentsOf } from "./contentOf.ts"
import type { Event } from "../../runtime/Event.ts"
import { ended, ran, reused, rowsFound, rowsRan } from "../support/whatRan.ts"

const folder = temporaryFolder()
afterAll(folder.remove)

const command = (
  cache: string,
  ...args: ReadonlyArray<string>
) => ["run", "test/faults/fixtures/world.ts", "--cache", cache, "--json", ...args]
const together = join(folder.path, "together")
const takenOver = join(folder.path, "takenOver")

/** Rows that each of two runs did of a node, and how many there are. */
const shares = (runs: ReadonlyArray<ReadonlyArray<Event>>, node: string) => ({
  done: runs.map((events) => rowsRan(events, node).ran),
  total: rowsFound(runs[0]!, node)!.total
})

describe("two runs of one command on one cache", () => {
  it("both end well, with one report; each node is made by one of them, and each row is done by one of them", async () => {
    const runs = await Promise.all([pipeline(...command(together)), pipeline(...command(together))])
    for (const { exitCode, stderr } of runs) assert.strictEqual(exitCode, 0, stderr)
    const [one, two] = runs.map(({ events }) => events)
    const both = ran(one!).filter((label) => ran(two!).includes(label))
    // on the rows of a node both work
    const whole = both.filter((label) => rowsFound(one!, label) === undefined)
    assert.deepStrictEqual(whole, [])
    const { done, total } = shares([one!, two!], "rollout")
    assert.strictEqual(done[0]! + done[1]!, total)
    const all = [...ran(one!), ...reused(one!)].sort()
    assert.deepStrictEqual([...ran(two!), ...reused(two!)].sort(), all)
    assert.strictEqual(all.length, ended(one!).nodes.total)
    const reports = await Promise.all(runs.map(() => pipeline("show", "report", "--cache", together)))
    assert.include(reports[0]!.stdout, "attack success")
  })

  it("go on when the one that works is killed: the other takes its rows over, and its work", async () => {
    const killed = start(command(takenOver))
    let stopped = false
    killed.onEvent((event) => {
      if (stopped || event.event !== "Progress" || event.label !== "rollout" || event.done < 60) return
      stopped = true
      killed.kill("SIGSTOP") // alive, and at it
      other = start(command(takenOver))
      other.onEvent((event) => {
        if (event.event === "NodeWaiting" && event.label === "rollout") killed.kill("SIGKILL")
      })
    })
    let other: ReturnType<typeof start> | undefined
    assert.strictEqual((await killed.finished).exitCode, null)
    const { events, exitCode, stderr } = await other!.finished
    assert.strictEqual(exitCode, 0, stderr)
    assert.isAtLeast(rowsFound(events, "rollout")!.fresh, 60)
    assert.deepStrictEqual(await contentsOf(takenOver), await contentsOf(together))
  })
})

describe("16 answers a prompt instead of 8", () => {
  it("draws the 8 that are missing, and keeps the others as they are", async () => {
    const before = await readTable(together, "rollout")
    const { events, exitCode, stderr } = await pipeline(...command(together, "--set", "rollouts.perPrompt=16"))
    assert.strictEqual(exitCode, 0, stderr)
    const { fresh, toRun, total } = rowsFound(events, "rollout")!
    assert.deepStrictEqual({ fresh, toRun, total }, { fresh: 8 * 40, toRun: 8 * 40, total: 16 * 40 })
    const after = await readTable(together, "rollout")
    const textOf = new Map(after["sampleId"]!.map((id, index) => [id, after["text"]![index]]))
    assert.strictEqual(textOf.size, 16 * 40)
    assert.deepStrictEqual(before["sampleId"]!.map((id) => textOf.get(id)), before["text"])
  })
})
