/**
 * Runs of one mixed graph that are killed from outside at any moment, alone or beside another on the same cache: the
 * other one finishes everything, nobody waits for the dead, and what was durable is not done again.
 */
import { assert, beforeAll, describe, it } from "vitest"
import type { Event } from "../../runtime/Event.ts"
import { type Finished, type Started } from "../support/pipeline.ts"
import { MixedRuns, rowLabels, rows } from "./MixedRuns.ts"

let undisturbed: ReadonlyMap<string, string>
beforeAll(async () => {
  const runs = new MixedRuns()
  assert.strictEqual((await runs.run()).exitCode, 0)
  undisturbed = await runs.contents()
  runs.remove()
})

/** Kills a run as soon as it says something like this. */
const killAt = (run: Started, reached: (event: Event) => boolean): void => {
  let sent = false
  run.onEvent((event) => {
    if (sent || !reached(event)) return
    sent = true
    run.kill("SIGKILL")
  })
}

const moments: { readonly [what: string]: (event: Event) => boolean } = {
  "its first rows": (event) => event.event === "Progress" && event.label === "weigh",
  "its later rows": (event) => event.event === "Progress" && event.label === "praise" && event.done > rows / 2,
  "a finished table": (event) => event.event === "NodeFinished" && event.label === "lines",
  "a begun statement": (event) => event.event === "NodeStarted" && event.label === "heavy"
}

describe("a run that is killed from outside", () => {
  it.each(Object.keys(moments))("at %s has kept what it said it had", async (what) => {
    const runs = new MixedRuns()
    const run = runs.start()
    killAt(run, moments[what]!)
    const killed = await run.finished
    assert.strictEqual(killed.exitCode, null, killed.stderr)
    runs.note(killed, runs.counts())
    const next = await runs.run()
    assert.strictEqual(next.exitCode, 0, next.stderr)
    runs.assertNothingRepeated(what)
    assert.deepStrictEqual(await runs.contents(), undisturbed)
    runs.remove()
  })
})

describe("two runs at once", () => {
  /** Rows and nodes that were executed more often than once. */
  const repeated = (runs: MixedRuns) => [...runs.counts()].filter(([, count]) => count > 1).map(([line]) => line)

  const assertOther = async (runs: MixedRuns, { exitCode, stderr }: Finished) => {
    assert.strictEqual(exitCode, 0, stderr)
    assert.strictEqual(runs.counts().size, 4 + rowLabels.length * rows)
    assert.deepStrictEqual(await runs.contents(), undisturbed)
  }

  it("do each node and row once in total, and both end well", async () => {
    const runs = new MixedRuns()
    const both = await Promise.all([runs.start().finished, runs.start().finished])
    for (const finished of both) await assertOther(runs, finished)
    assert.deepStrictEqual(repeated(runs), [])
    runs.remove()
  })

  it.each(Object.keys(moments))("one of which is killed at %s: the other finishes everything", async (what) => {
    const runs = new MixedRuns()
    const killed = runs.start()
    const other = runs.start()
    killAt(killed, moments[what]!)
    const [first, second] = await Promise.all([killed.finished, other.finished])
    await assertOther(runs, second)
    // what it had not made durable is done again, and nothing else; where the other was faster it was not killed at all
    const durable = first.events.flatMap((event) =>
      event.event === "NodeFinished" && event.shared !== true ? [event.label] : []
    )
    for (const line of repeated(runs)) assert.notInclude(durable, line.split(" ")[0], what)
    runs.remove()
  })
})
