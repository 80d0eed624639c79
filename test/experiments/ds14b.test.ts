/**
 * The paper's setting without its servers: the plan prices it, a run says everything that is missing, and the rehearsal
 * goes through the whole file.
 */
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import type { Event } from "../../runtime/Event.ts"
import { start, temporaryFolder } from "../support/pipeline.ts"

const folder = temporaryFolder()
afterAll(folder.remove)

const cache = join(folder.path, "cache")
/** Ports nobody listens on, and no key. */
const env = Object.fromEntries(
  ["SAMPLER", "GUARD", "EXPERT", "JUDGE"].map((role) => [`SINTERNAL_${role}_URL`, "http://127.0.0.1:9/v1"])
)
const ds14b = (command: string, ...args: ReadonlyArray<string>) =>
  start([command, "experiments/ds14b.ts", "--cache", cache, ...args], {
    env: { ...env, SINTERNAL_EXPERT_KEY: undefined }
  }).finished

describe("ds14b", () => {
  it("is planned and priced: 40,000 critiques at the expert's price", async () => {
    const { exitCode, stdout } = await ds14b("plan")
    assert.strictEqual(exitCode, 0)
    const row = stdout.split("\n").find((line) => line.startsWith("critique "))!
    assert.match(row, /waiting .*≤ 40,000 .*≤ \$600/) // 40,000 × (1,500 × $3 + 700 × $15) per million
    assert.match(stdout, /assumed: 1500 tokens in and 700 out at \$3 and \$15 a million/)
  })

  it("says everything that is missing before anything runs, and exits 2", async () => {
    const { exitCode, stderr } = await ds14b("run")
    assert.strictEqual(exitCode, 2)
    assert.match(stderr, /this run needs what is not here/)
    for (
      const missing of [
        "data/train.jsonl",
        "wildjailbreak",
        "http://127.0.0.1:9",
        "SINTERNAL_EXPERT_KEY",
        "LLaMA-Factory and verl",
        "--rehearse"
      ]
    ) {
      assert.include(stderr, missing)
    }
    assert.notMatch(stderr, /\n\s+at /, "no stack trace")
  })

  it("rehearses the whole file on stand-ins, and names each", async () => {
    const { exitCode, stderr, stdout } = await ds14b("run", "--rehearse", "--progress", "plain")
    assert.strictEqual(exitCode, 0, stderr)
    for (
      const swapped of [
        "base model:",
        "sampler:",
        "trainer:",
        "expert, guards and judge:",
        "prompts and specification:",
        "sizes:"
      ]
    ) {
      assert.include(stderr, swapped)
    }
    assert.match(stdout, /rehearsal[\s\S]*attack success, unseen wrappers/)
    const again = await ds14b("run", "--rehearse", "--json")
    const finished = again.events.at(-1) as Extract<Event, { event: "RunFinished" }>
    assert.strictEqual(finished.nodes.ran, 0)
  })
})
