/** What became of a run, from its record alone. */
import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import { holderText, parseHolder } from "../../cache/Holder.ts"
import type { RunRecord } from "../../cache/Manifest.ts"
import * as RunFacts from "../../runtime/RunFacts.ts"

const begun: RunRecord = { run: "r", experiment: "e", startedAt: "2026-11-21T00:00:00.000Z", nodes: [] }
const ended = { ...begun, finishedAt: "2026-11-21T00:00:09.000Z" }
const stop = { reason: "budget", text: "5 of $5 spent" } as const

describe("stateOf", () => {
  it("of a run that wrote its end is what that says", () => {
    assert.strictEqual(RunFacts.stateOf({ ...ended, ok: true }), "ok")
    assert.strictEqual(RunFacts.stateOf({ ...ended, ok: false }), "failed")
    assert.strictEqual(RunFacts.stateOf({ ...ended, ok: false, stopped: stop }), "stopped")
    assert.deepStrictEqual(RunFacts.stopOf({ stopped: stop }), stop)
    assert.isUndefined(RunFacts.stopOf({ stopped: "yes" }))
  })

  it("of one that did not asks whether its process lives, where that can be asked", async () => {
    const holder = await Effect.runPromise(Effect.scoped(Effect.map(RunFacts.held, (fields) => {
      assert.strictEqual(RunFacts.stateOf({ ...begun, ...fields }), "running")
      return fields.holder
    })))
    assert.strictEqual(RunFacts.stateOf({ ...begun, holder }), "killed")
    const elsewhere = holderText({ ...parseHolder(holder)!, machine: "0000000000000000" })
    assert.strictEqual(RunFacts.stateOf({ ...begun, holder: elsewhere }), "unfinished")
    // a process id is used again: another start is another process
    const earlier = holderText({ ...parseHolder(holder)!, started: "1", token: "ab" })
    assert.strictEqual(RunFacts.stateOf({ ...begun, holder: earlier }), "killed")
    for (const unknown of [{}, { holder: "?" }, { holder: 3 }]) {
      assert.strictEqual(RunFacts.stateOf({ ...begun, ...unknown }), "unfinished")
    }
  })
})

describe("ofNode and settingsOf", () => {
  it("know nothing of records from before these facts were written", () => {
    const facts = RunFacts.ofNode({ label: "a", node: "a", state: "ran" })
    assert.deepStrictEqual(facts, { kind: "make", id: [], inputs: {} })
    assert.strictEqual(RunFacts.settingsOf(begun).size, 0)
    assert.strictEqual(RunFacts.settingsOf({ settings: [{ value: 1 }] }).size, 0)
    assert.deepStrictEqual(
      RunFacts.settingsOf({ settings: [{ path: "a", value: 1, label: "ours" }] }).get("a")?.value,
      1
    )
  })
})
