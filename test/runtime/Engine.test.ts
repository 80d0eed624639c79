import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import * as Node from "../../runtime/Node.ts"
import * as Source from "../../runtime/Source.ts"
import * as Type from "../../runtime/Type.ts"
import type { Used } from "../../runtime/Used.ts"
import { laboratory } from "./support/world.ts"

const Word = Type.table("word", { id: Schema.String, text: Schema.String, note: Schema.String }, { id: ["id"] })
const Length = Type.table("length", { id: Schema.String, text: Schema.String, length: Schema.Int }, { id: ["id"] })
const Total = Type.value("total", Schema.Struct({ total: Schema.Int }))
const Weights = Type.artifact("weights")

/** A source of rows that tests edit: the file holds JSON. */
const words = Node.make({
  name: "words",
  inputs: { file: Type.artifact("file") },
  output: Word,
  *run({ file }) {
    yield* Effect.void
    return JSON.parse(readFileSync(join(file.path, "words.json"), "utf8"))
  }
})

class Measure
  extends Context.Service<Measure, Used & { readonly of: (text: string) => Effect.Effect<number, Error> }>()(
    "test/Measure"
  )
{}

/** A measuring service that remembers its calls and fails on demand. */
const measureLayer = (
  calls: Array<string>,
  options: {
    readonly fingerprint?: string
    readonly failing?: (text: string) => boolean
    readonly expensive?: boolean
  } = {}
) =>
  Layer.succeed(Measure, {
    fingerprint: options.fingerprint ?? "measure 1",
    expensive: options.expensive ?? false,
    of: (text) =>
      Effect.suspend(() => {
        calls.push(text)
        return options.failing?.(text) === true
          ? Effect.fail(new Error(`no ruler for ${text}`))
          : Effect.succeed(text.length)
      })
  })

const LengthInput = Type.table("lengthInput", { id: Schema.String, text: Schema.String }, { id: ["id"] })

const length = Node.mapRows({
  name: "length",
  input: LengthInput,
  carry: ["id"],
  output: Length,
  uses: [Measure],
  *run({ text }) {
    const measure = yield* Measure
    return { text, length: yield* measure.of(text) }
  }
})

const total = Node.make({
  name: "total",
  inputs: { lengths: Type.table("lengths", { length: Schema.Int }, { id: [] }) },
  output: Total,
  *run({ lengths }) {
    return { total: (yield* lengths.all).reduce((sum, row) => sum + row.length, 0) }
  }
})

type Row = { readonly id: string; readonly text: string; readonly note: string }

const setUp = () => {
  const lab = laboratory()
  const file = join(lab.root, "words.json")
  const write = (rows: ReadonlyArray<Row>, spacing?: number) =>
    writeFileSync(file, JSON.stringify(rows, undefined, spacing))
  const source = Source.file(file, "words.json")
  const rows = words({ file: source })
  const lengths = length({ rows })
  return { lab, write, targets: { lengths, total: total({ lengths }) } }
}

const row = (id: string, text: string, note = "-"): Row => ({ id, text, note })

describe("what runs again", () => {
  it("nothing when nothing changed", async () => {
    const { lab, targets, write } = setUp()
    write([row("a", "one"), row("b", "three")])
    const layer = measureLayer([])
    assert.deepStrictEqual((await lab.run(targets, { layer })).ran, ["length", "total", "words"])
    const again = await lab.run(targets, { layer })
    assert.deepStrictEqual(again.ran, [])
    assert.deepStrictEqual(again.summary.nodes, { total: 3, ran: 0, fresh: 3, failed: 0, skipped: 0 })
    assert.deepStrictEqual(again.value("total"), { total: 8 })
  })

  it("stops where a rerun gives an equal result (early cutoff)", async () => {
    const { lab, targets, write } = setUp()
    const layer = measureLayer([])
    write([row("a", "one")])
    await lab.run(targets, { layer })
    write([row("a", "one")], 2)
    assert.deepStrictEqual((await lab.run(targets, { layer })).ran, ["words"])
  })

  it("stops at a column nobody reads", async () => {
    const { lab, targets, write } = setUp()
    const layer = measureLayer([])
    write([row("a", "one", "old")])
    await lab.run(targets, { layer })
    write([row("a", "one", "new")])
    assert.deepStrictEqual((await lab.run(targets, { layer })).ran, ["words"])
  })

  it("only the rows whose read columns are new: inserted and edited ones, not deleted, moved or renamed ones", async () => {
    const { lab, targets, write } = setUp()
    const calls: Array<string> = []
    const layer = measureLayer(calls)
    write([row("a", "one"), row("b", "three"), row("c", "seven")])
    await lab.run(targets, { layer })
    calls.length = 0
    write([row("c", "seven"), row("z", "one"), row("n", "eleven")])
    const ran = await lab.run(targets, { layer })
    assert.deepStrictEqual(calls, ["eleven"])
    assert.deepStrictEqual(ran.summary.rows, { ran: 1, fresh: 2, failed: 0 })
    assert.deepStrictEqual(ran.table("lengths"), {
      id: ["c", "z", "n"],
      text: ["seven", "one", "eleven"],
      length: [5, 3, 6]
    })
  })

  it("rows with equal keys run once and fan out", async () => {
    const { lab, targets, write } = setUp()
    const calls: Array<string> = []
    write([row("a", "one"), row("b", "one"), row("c", "one")])
    const ran = await lab.run(targets, { layer: measureLayer(calls) })
    assert.deepStrictEqual(calls, ["one"])
    assert.deepStrictEqual(ran.table("lengths")["length"], [3, 3, 3])
  })

  it("what uses a service whose fingerprint or code changed, and nothing when it changes back", async () => {
    const { lab, targets, write } = setUp()
    write([row("a", "one")])
    await lab.run(targets, { layer: measureLayer([]) })
    const other = await lab.run(targets, { layer: measureLayer([], { fingerprint: "measure 2" }) })
    assert.deepStrictEqual(other.ran, ["length"]) // equal lengths: total stays fresh
    assert.deepStrictEqual((await lab.run(targets, { layer: measureLayer([]) })).ran, [])
  })

  it("a node whose code changed, not its neighbours", async () => {
    const { lab, targets, write } = setUp()
    write([row("a", "one")])
    const layer = measureLayer([])
    await lab.run(targets, { layer })
    assert.deepStrictEqual((await lab.run(targets, { layer, code: { total: "2" } })).ran, ["total"])
  })

  it("a forced node, although its result is in the cache", async () => {
    const { lab, targets, write } = setUp()
    write([row("a", "one")])
    const calls: Array<string> = []
    const layer = measureLayer(calls)
    await lab.run(targets, { layer })
    const forced = await lab.run(targets, { layer, forced: ["length"] })
    assert.deepStrictEqual(forced.ran, ["length"])
    assert.deepStrictEqual(calls, ["one", "one"])
  })
})

describe("failures", () => {
  it("a failed row is tried again, finished rows are not, and no result is published before all are there", async () => {
    const { lab, targets, write } = setUp()
    const calls: Array<string> = []
    write([row("a", "one"), row("b", "two"), row("c", "three")])
    const failed = await lab.run(targets, { layer: measureLayer(calls, { failing: (text) => text === "two" }) })
    assert.strictEqual(failed.summary.ok, false)
    assert.deepStrictEqual(failed.summary.nodes, { total: 3, ran: 1, fresh: 0, failed: 1, skipped: 1 })
    assert.deepStrictEqual(failed.summary.rows, { ran: 2, fresh: 0, failed: 1 })
    assert.match(
      failed.summary.failures[0]!.message,
      /1 of 3 rows have no result[\s\S]*row b: no ruler for two[\s\S]*2 finished rows are kept/
    )
    calls.length = 0
    const again = await lab.run(targets, { layer: measureLayer(calls) })
    assert.deepStrictEqual(calls, ["two"])
    assert.deepStrictEqual(again.value("total"), { total: 11 })
  })

  it("stop what is running unless told to keep going; what does not depend on the failure is then still done", async () => {
    const lab = laboratory()
    const bad = Node.make({
      name: "bad",
      inputs: {},
      output: Total,
      *run() {
        return yield* Effect.fail(new Error("broken"))
      }
    })
    const good = Node.make({ name: "good", inputs: {}, output: Total, run: () => ({ total: 1 }) })
    const after = Node.make({
      name: "after",
      inputs: { bad: Total, good: Total },
      output: Total,
      run: ({ good }) => good
    })
    const targets = { after: after({ bad: bad({}), good: good({}) }), good: good({}) }
    const ran = await lab.run(targets, { keepGoing: true })
    assert.deepStrictEqual(ran.ran, ["good"])
    assert.deepStrictEqual(ran.summary.nodes, { total: 3, ran: 1, fresh: 0, failed: 1, skipped: 1 })
    assert.match(ran.summary.failures[0]!.message, /bad \(\w{8}\) failed: broken/)
  })

  it("of a body that throws are failures of its node, with the message", async () => {
    const lab = laboratory()
    const throws = Node.make({
      name: "throws",
      inputs: {},
      output: Total,
      run: () => {
        throw new RangeError("seven is not six")
      }
    })
    assert.match((await lab.run({ throws: throws({}) })).summary.failures[0]!.message, /seven is not six/)
  })

  it("a row that does not fit the output table fails with the column", async () => {
    const lab = laboratory()
    const wrong = Node.make({
      name: "wrong",
      inputs: {},
      output: Length,
      run: () => [{ id: "a", text: "x", length: 1.5 }]
    })
    assert.match((await lab.run({ wrong: wrong({}) })).summary.failures[0]!.message, /length/)
  })

  it("two rows of one id fail, naming the id", async () => {
    const lab = laboratory()
    const twice = Node.make({
      name: "twice",
      inputs: {},
      output: Length,
      run: () => [{ id: "a", text: "x", length: 1 }, { id: "a", text: "y", length: 1 }]
    })
    assert.match((await lab.run({ twice: twice({}) })).summary.failures[0]!.message, /two of its 2 rows have the id a/)
  })
})

describe("artifacts", () => {
  it("keep the work folder of a failed run, so that a trainer resumes, and publish what is in it", async () => {
    const lab = laboratory()
    let steps = 0
    const train = Node.make({
      name: "train",
      inputs: {},
      output: Weights,
      run: (_, { dir }) => {
        mkdirSync(dir, { recursive: true })
        const file = join(dir, "steps")
        let done = 0
        try {
          done = Number(readFileSync(file, "utf8"))
        } catch {
          // a first start
        }
        for (; done < 4; done++) {
          steps++
          writeFileSync(file, String(done + 1))
          if (steps === 2) throw new Error("power cut")
        }
      }
    })
    const read = Node.make({
      name: "read",
      inputs: { weights: Weights },
      output: Total,
      run: ({ weights }) => ({ total: Number(readFileSync(join(weights.path, "steps"), "utf8")) })
    })
    const targets = { read: read({ weights: train({}) }) }
    assert.strictEqual((await lab.run(targets)).summary.ok, false)
    assert.deepStrictEqual((await lab.run(targets)).value("read"), { total: 4 })
    assert.strictEqual(steps, 4)
  })
})

describe("expensive nodes", () => {
  it("ask when only code changed, and run when told to", async () => {
    const { lab, targets, write } = setUp()
    write([row("a", "one")])
    const layer = measureLayer([], { expensive: true })
    await lab.run(targets, { layer })
    const asked = await lab.refusal(targets, { layer, code: { length: "2" } })
    assert.strictEqual(asked._tag, "DecisionNeeded")
    assert.strictEqual(asked.exitCode, 4)
    assert.match(asked.message, /length: code changed: length at length\.ts:1/)
    assert.deepStrictEqual((await lab.run(targets, { layer, code: { length: "2" }, stale: "rerun" })).ran, ["length"])
  })

  it("do not ask when an input changed as well", async () => {
    const { lab, targets, write } = setUp()
    write([row("a", "one")])
    const layer = measureLayer([], { expensive: true })
    await lab.run(targets, { layer })
    write([row("a", "seven")])
    assert.deepStrictEqual((await lab.run(targets, { layer, code: { length: "2" } })).ran, ["length", "total", "words"])
  })
})

describe("services", () => {
  it("that are missing are named before anything runs", async () => {
    const { lab, targets, write } = setUp()
    write([row("a", "one")])
    const layer = Layer.succeed(Measure, {
      fingerprint: "m",
      of: () => Effect.succeed(1),
      missing: Effect.succeed(["set MEASURE_URL"])
    })
    const refused = await lab.refusal(targets, { layer })
    assert.strictEqual(refused._tag, "ServicesMissing")
    assert.match(refused.message, /set MEASURE_URL/)
    assert.deepStrictEqual((await lab.run(targets, { layer: measureLayer([], { fingerprint: "m" }) })).ran, [
      "length",
      "total",
      "words"
    ])
    assert.deepStrictEqual((await lab.run(targets, { layer })).ran, []) // fresh: nobody asks
  })

  it("without a layer refuse the plan, naming the service", async () => {
    const { lab, targets, write } = setUp()
    write([row("a", "one")])
    assert.match((await lab.run(targets)).summary.failures[0]!.message, /no layer provides test\/Measure/)
  })
})

describe("Ctrl-C", () => {
  it("ends a run also where it comes between a node's start and its first step", async () => {
    const lab = laboratory()
    const one = (name: string) => Node.make({ name, inputs: {}, output: Total, run: () => ({ total: 1 }) })({})
    const both = Node.make({
      name: "both",
      inputs: { edited: Total, kept: Total },
      output: Total,
      run: ({ edited, kept }) => ({ total: edited.total + kept.total })
    })({ edited: one("edited"), kept: one("kept") })
    await lab.run({ both })
    // the edited node is started first; the kept one beside it is told of before anything else has its turn
    const { ran, summary } = await lab.run({ both }, {
      code: { edited: "2" },
      interruptAt: (event) => event.event === "NodeFresh" && event.label === "kept"
    })
    assert.deepStrictEqual(ran, [])
    assert.strictEqual(summary.stopped!.reason, "interrupted")
    assert.deepStrictEqual((await lab.run({ both }, { code: { edited: "2" } })).ran, ["edited"])
  })
})
