/**
 * A run that is stopped in the middle, by a power cut or by Ctrl-C, goes on with the same command and ends as one that
 * nobody stopped. The tests share one cache in order, as the stops of one unlucky run would.
 */
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import type { Event } from "../../runtime/Event.ts"
import { pipeline, start, temporaryFolder } from "../support/pipeline.ts"
import { contentsOf } from "./contentOf.ts"
import { ended, progressOf, rowsFound } from "../support/whatRan.ts"

const folder = temporaryFolder()
afterAll(folder.remove)

const undisturbed = join(folder.path, "undisturbed")
const stopped = join(folder.path, "stopped")
const command = (cache: string) => ["run", "test/faults/fixtures/world.ts", "--cache", cache, "--json"]

/** Runs until an event, sends the signal, and waits for the end. */
const runUntil = (signal: NodeJS.Signals, reached: (event: Event) => boolean) => {
  const process = start(command(stopped))
  let sent = false
  process.onEvent((event) => {
    if (sent || !reached(event)) return
    sent = true
    process.kill(signal)
  })
  return process.finished
}

const progress = (label: string, done: number) => (event: Event) =>
  event.event === "Progress" && event.label === label && event.done >= done

const prompts = 40
const draws = prompts * 8
let durable = 0

describe("a run", () => {
  it("that gets Ctrl-C ends with 130 and says that finished rows are kept", async () => {
    const { events, exitCode, stderr } = await runUntil("SIGINT", progress("rollout", 60))
    assert.strictEqual(exitCode, 130)
    assert.match(stderr, /finished rows are kept/)
    assert.notInclude(stderr, "error")
    durable = progressOf(events, "rollout").at(-1)!.done
    assert.isBelow(durable, draws)
  })

  it("that is killed while it samples has kept every row it reported, those of the run before as well", async () => {
    const { events, exitCode } = await runUntil("SIGKILL", progress("rollout", 60))
    assert.strictEqual(exitCode, null)
    const { fresh, toRun, total } = rowsFound(events, "rollout")!
    assert.strictEqual(total, draws)
    assert.strictEqual(fresh + toRun, draws)
    assert.isAtLeast(fresh, durable)
    durable = fresh + progressOf(events, "rollout").at(-1)!.done
    assert.isBelow(durable, draws)
  })

  it("that is killed while it fine-tunes has sampled only what was missing", async () => {
    const { events, exitCode } = await runUntil("SIGKILL", progress("verifySft", 5))
    assert.strictEqual(exitCode, null)
    assert.isAtLeast(rowsFound(events, "rollout")!.fresh, durable)
    assert.strictEqual(progressOf(events, "verifySft")[0]!.done, 1)
  })

  it("that is killed while it reinforces has fine-tuned from the last checkpoint on", async () => {
    const { events, exitCode } = await runUntil("SIGKILL", progress("grpo", 3))
    assert.strictEqual(exitCode, null)
    assert.isUndefined(rowsFound(events, "rollout"), "all draws are there")
    assert.isAtLeast(progressOf(events, "verifySft")[0]!.done, 5) // a checkpoint after every second step
    assert.strictEqual(progressOf(events, "grpo")[0]!.done, 1)
  })

  it("ends as the one that nobody stopped: the same checkpoints, the same report byte for byte", async () => {
    const expected = await pipeline(...command(undisturbed))
    assert.strictEqual(expected.exitCode, 0, expected.stderr)
    const { events, exitCode, stderr } = await pipeline(...command(stopped))
    assert.strictEqual(exitCode, 0, stderr)
    assert.isAtLeast(progressOf(events, "grpo")[0]!.done, 3)
    assert.isTrue(ended(events).ok)
    assert.deepStrictEqual(await contentsOf(stopped), await contentsOf(undisturbed))
    const [report, undisturbedReport] = await Promise.all(
      [stopped, undisturbed].map((cache) => pipeline("show", "report", "--cache", cache))
    )
    assert.include(report!.stdout, "attack success")
    assert.strictEqual(report!.stdout, undisturbedReport!.stdout)
  })
})
