import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { assert, describe, it } from "vitest"
import * as Node from "../../runtime/Node.ts"
import * as Type from "../../runtime/Type.ts"
import type { Used } from "../../runtime/Used.ts"
import { laboratory } from "./support/world.ts"

const Item = Type.table("item", { id: Schema.String, n: Schema.Int }, { id: ["id"] })
const Doubled = Type.table("doubled", { id: Schema.String, double: Schema.Int }, { id: ["id"] })
const Shown = Type.table("shown", { id: Schema.String, text: Schema.String }, { id: ["id"] })

const items = Node.make({
  name: "items",
  inputs: {},
  params: { count: Schema.Int, from: Schema.Int },
  output: Item,
  *run(_, { params }) {
    yield* Effect.void
    return Array.from({ length: params.count }, (_, i) => ({ id: `i${i}`, n: params.from + i }))
  }
})

/** What bodies of these tests call: every row says that it begins, and may be held up. */
class Step extends Context.Service<Step, Used & { readonly of: (name: string) => Effect.Effect<void, Error> }>()(
  "test/Step"
) {}

const steps = (of: (name: string) => Effect.Effect<void, Error>) => Layer.succeed(Step, { fingerprint: "1", of })

const double = Node.mapRows({
  name: "double",
  input: Item,
  carry: ["id"],
  output: Doubled,
  uses: [Step],
  *run({ n }) {
    yield* (yield* Step).of(`double ${n}`)
    return { double: 2 * n }
  }
})

const show = Node.mapRows({
  name: "show",
  input: Doubled,
  carry: ["id"],
  output: Shown,
  uses: [Step],
  *run({ double }) {
    yield* (yield* Step).of(`show ${double}`)
    return { text: `${double}` }
  }
})

const plain = Node.mapRows({
  name: "plain",
  input: Item,
  carry: ["id"],
  output: Doubled,
  run: ({ n }) => ({ double: 2 * n })
})

const chain = (count: number, from = 0) => {
  const doubled = double({ rows: items({}, { count, from }) })
  return { doubled, shown: show({ rows: doubled }) }
}

describe("rows move on as soon as they are done", () => {
  it("a row reaches the next row node while its siblings still run", async () => {
    const lab = laboratory()
    const calls: Array<string> = []
    const shown = Deferred.makeUnsafe<void>()
    // the last row of the first node waits for the first row of the second: it can only end if rows stream
    const layer = steps((name) =>
      Effect.suspend(() => {
        calls.push(name)
        if (name === "show 0") Deferred.doneUnsafe(shown, Effect.void)
        return name === "double 9" ? Deferred.await(shown) : Effect.void
      })
    )
    const ran = await lab.run(chain(10), { layer })
    assert.strictEqual(ran.summary.ok, true)
    assert.deepStrictEqual(ran.table("shown")["text"], ["0", "2", "4", "6", "8", "10", "12", "14", "16", "18"])
    assert.strictEqual(new Set(calls).size, 20)
    assert.strictEqual(calls.length, 20)
    assert.deepStrictEqual(ran.summary.rows, { ran: 20, fresh: 0, failed: 0 })
  })

  it("a row that failed while it was read ahead is not tried twice in one run", async () => {
    const lab = laboratory()
    const calls: Array<string> = []
    const layer = steps((name) =>
      Effect.suspend(() => {
        calls.push(name)
        return name === "show 6" ? Effect.fail(new Error("no")) : Effect.void
      })
    )
    const ran = await lab.run(chain(5), { layer })
    assert.strictEqual(ran.summary.ok, false)
    assert.deepStrictEqual(calls.filter((call) => call === "show 6"), ["show 6"])
    assert.deepStrictEqual(ran.summary.rows, { ran: 9, fresh: 0, failed: 1 })
    calls.length = 0
    const again = await lab.run(chain(5), { layer: steps((name) => Effect.sync(() => void calls.push(name))) })
    assert.deepStrictEqual(calls, ["show 6"])
    assert.strictEqual(again.summary.ok, true)
  })

  it("rows that are fresh in the first node still run in the second", async () => {
    const lab = laboratory()
    const calls: Array<string> = []
    const layer = steps((name) => Effect.sync(() => void calls.push(name)))
    await lab.run({ doubled: chain(4).doubled }, { layer })
    calls.length = 0
    await lab.run(chain(6), { layer })
    assert.deepStrictEqual([...calls].sort(), [
      "double 4",
      "double 5",
      "show 0",
      "show 10",
      "show 2",
      "show 4",
      "show 6",
      "show 8"
    ])
  })
})

describe("many rows", () => {
  it("run over chunk boundaries, and only the new ones run again", async () => {
    const lab = laboratory()
    const doubled = (count: number, from: number) => ({ doubled: plain({ rows: items({}, { count, from }) }) })
    const first = await lab.run(doubled(20_000, 0))
    assert.deepStrictEqual(first.summary.rows, { ran: 20_000, fresh: 0, failed: 0 })
    assert.strictEqual(first.table("doubled")["double"]![19_999], 39_998)
    const shifted = await lab.run(doubled(20_000, 100))
    assert.deepStrictEqual(shifted.summary.rows, { ran: 100, fresh: 19_900, failed: 0 })
    assert.strictEqual(shifted.table("doubled")["double"]![0], 200)
    assert.strictEqual(shifted.table("doubled")["id"]![0], "i0")
  })

  it("no more than some are in flight, and all are done", async () => {
    const lab = laboratory()
    let active = 0
    let most = 0
    const layer = steps(() =>
      Effect.gen(function*() {
        most = Math.max(most, ++active)
        yield* Effect.yieldNow
        active--
      })
    )
    const ran = await lab.run({ doubled: chain(3000).doubled }, { layer })
    assert.deepStrictEqual(ran.summary.rows, { ran: 3000, fresh: 0, failed: 0 })
    assert.isAtMost(most, 512)
    assert.isAbove(most, 1)
  })
})
