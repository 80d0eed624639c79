/**
 * History is read as far as a question needs it, newest first, and not at all where nobody asks.
 */
import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import type { RunRecord } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import * as PreviousKeys from "../../runtime/PreviousKeys.ts"

const record = (run: string, experiment: string, keys: { readonly [label: string]: string }): RunRecord => ({
  run,
  experiment,
  startedAt: run,
  nodes: Object.entries(keys).map(([label, key]) => ({ label, node: label, state: "ran", key }))
})

/** What `ask` yields over these runs, newest first, and the records that were read for it. */
const asked = async <A>(
  runs: ReadonlyArray<RunRecord>,
  ask: (previous: Effect.Success<ReturnType<typeof PreviousKeys.make>>) => Effect.Effect<A>
) => {
  const read: Array<string> = []
  const store = {
    runNames: () => Effect.succeed(runs.map(({ run }) => run)),
    getRun: (name: string) =>
      Effect.sync(() => {
        read.push(name)
        return runs.find(({ run }) => run === name)
      })
  }
  const found = await Effect.runPromise(
    PreviousKeys.make("mine").pipe(Effect.flatMap(ask), Effect.provideService(Store, store as never))
  )
  return { found, read }
}

describe("previous keys", () => {
  it("are those of the newest run that has the label; older records stay unread", async () => {
    const runs = [
      record("r5", "mine", { a: "a5" }),
      record("r4", "other", { b: "x" }),
      record("r3", "mine", { a: "a3", b: "b3" }),
      record("r2", "mine", { b: "b2", c: "c2" })
    ]
    assert.deepStrictEqual(await asked(runs, () => Effect.void), { found: undefined, read: [] })
    assert.deepStrictEqual(await asked(runs, ({ last }) => last("a")), { found: "a5", read: ["r5"] })
    assert.deepStrictEqual(
      await asked(runs, ({ last }) => Effect.all([last("b"), last("a")])),
      { found: ["b3", "a5"], read: ["r5", "r4", "r3"] }
    )
  })

  it("are read in turn by those who ask at once", async () => {
    const runs = [record("r3", "mine", { a: "a3" }), record("r2", "mine", { a: "a2", b: "b2" })]
    const both = await asked(
      runs,
      ({ last }) => Effect.all([last("b"), last("a"), last("b")], { concurrency: "unbounded" })
    )
    assert.deepStrictEqual(both, { found: ["b2", "a3", "b2"], read: ["r3", "r2"] })
  })

  it("of a label that the last eight runs did not come to are none, however long the history", async () => {
    const runs = Array.from(
      { length: 100 },
      (_, index) => record(`r${index}`, "mine", index === 8 ? { a: "too old" } : { b: `b${index}` })
    )
    const { found, read } = await asked(runs, ({ last }) => Effect.all([last("a"), last("a"), last("none")]))
    assert.deepStrictEqual(found, [undefined, undefined, undefined])
    assert.strictEqual(read.length, 8)
  })
})
