/** What stands behind a reason: rows, values, settings, and the parts of one row's key. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { writeFileSync } from "node:fs"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { Store } from "../../../cache/Store.ts"
import * as Node from "../../../runtime/Node.ts"
import * as Plan from "../../../runtime/Plan.ts"
import * as Source from "../../../runtime/Source.ts"
import { whyRowText, whyText } from "../../../runtime/terminal/whyText.ts"
import * as Type from "../../../runtime/Type.ts"
import { explain, type Explained } from "../../../runtime/why/explain.ts"
import { explainRow } from "../../../runtime/why/explainRow.ts"
import { differingPaths } from "../../../runtime/Why.ts"
import { settingsBehind } from "../../../runtime/why/settingBehind.ts"
import { type LabOptions, laboratory } from "../support/world.ts"

const Rule = Type.table("rule", { ruleId: Schema.String, text: Schema.String }, { id: ["ruleId"] })
const Answer = Type.table("answer", { answerId: Schema.String, about: Schema.String, text: Schema.String }, {
  id: ["answerId"]
})
const Judged = Type.table("judged", { answerId: Schema.String, verdict: Schema.String }, { id: ["answerId"] })

const lines = (file: { readonly path: string }, name: string) =>
  readFileSync(join(file.path, name), "utf8").trim().split("\n").map((line) => line.split("|"))

const rules = Node.make({
  name: "rules",
  inputs: { file: Type.artifact("file") },
  output: Rule,
  instant: true,
  run: ({ file }) => lines(file, "rules.txt").map(([ruleId, text]) => ({ ruleId: ruleId!, text: text! }))
})
const answers = Node.make({
  name: "answers",
  inputs: { file: Type.artifact("file") },
  output: Answer,
  instant: true,
  run: ({ file }) =>
    lines(file, "answers.txt").map(([answerId, about, text]) => ({ answerId: answerId!, about: about!, text: text! }))
})
const judge = Node.mapRows({
  name: "judge",
  input: Answer,
  side: { rules: Rule },
  carry: ["answerId"],
  output: Judged,
  params: { longest: Schema.Int },
  given: ({ about }, { rules }) => rules.filter((rule) => rule.ruleId === about),
  run: ({ text }, { given, params }) => {
    if (text === "broken") throw new Error("no ruler for this")
    return { verdict: `${text.length <= params.longest} under ${given.map((rule) => rule.text).join()}` }
  }
})

const setUp = async () => {
  const lab = laboratory()
  const put = (name: string, text: string) => writeFileSync(join(lab.root, name), text)
  put("rules.txt", "r1|be kind\nr2|be brief\n")
  put("answers.txt", "a|r1|hello\nb|r2|bye\nc|r9|hm\n")
  const targets = (longest = 4) => ({
    judged: judge({
      rows: answers({ file: Source.file(join(lab.root, "answers.txt"), "answers.txt") }),
      rules: rules({ file: Source.file(join(lab.root, "rules.txt"), "rules.txt") })
    }, { longest })
  })
  const asked = <A>(
    longest: number,
    options: LabOptions,
    use: (entry: Plan.Entry, plan: Plan.Plan, runs: any, session: any) => Effect.Effect<A, any, any>
  ): Promise<A> =>
    lab.within(targets(longest), options, (session) =>
      Effect.gen(function*() {
        const plan = yield* Plan.make({ ...session.plan, countRows: false })
        const entry = plan.entries.find(({ vertex }) => vertex.label === "judge")!
        return yield* use(entry, plan, yield* (yield* Store).listRuns(), session)
      }))
  const why = (longest = 4, options: LabOptions = {}): Promise<ReadonlyArray<Explained>> =>
    asked(longest, options, (entry, plan, runs) => explain(entry, plan, { runs, settings: [], sets: new Set() }))
  const row = (name: string, longest = 4, options: LabOptions = {}) =>
    asked(
      longest,
      options,
      (entry, plan, runs, session) =>
        explainRow(entry, plan, name, { runs, stored: (parts) => session.plan.storedParts(entry.vertex, parts) })
    )
  await lab.run(targets())
  return { lab, put, targets, why, row }
}

describe("why a node is stale", () => {
  it("names the row and the cell behind a changed input, old → new", async () => {
    const { put, why } = await setUp()
    put("rules.txt", "r1|be kind\nr2|be very brief\n")
    assert.deepStrictEqual(await why(), [{
      part: "input",
      text: "rules: text changed",
      port: "rules",
      columns: ["text"],
      change: {
        rows: {
          added: 0,
          removed: 0,
          changed: 1,
          samples: { added: [], removed: [], changed: ["r2"] },
          first: { row: "r2", column: "text", from: "be brief", to: "be very brief" }
        }
      }
    }])
  })

  it("names rows that came and went", async () => {
    const { put, why } = await setUp()
    put("answers.txt", "b|r2|bye\nc|r9|hm\nd|r1|hi\ne|r1|ho\n")
    const [reason] = await why()
    assert.deepInclude(reason, { text: "answers: 3 → 4 rows" })
    assert.deepInclude(reason!.change!.rows, { added: 2, removed: 1, changed: 0 })
    assert.deepStrictEqual(reason!.change!.rows!.samples, { added: ["d", "e"], removed: ["a"], changed: [] })
  })

  it("says where code changed, by file and line, and what a parameter was", async () => {
    const { why } = await setUp()
    assert.deepStrictEqual(await why(5, { code: { judge: "2" } }), [
      { part: "params", text: "longest: 4 → 5", from: "4", to: "5", path: "longest" },
      { part: "code", text: "code changed: judge at judge.ts:1", at: "judge.ts:1" }
    ])
  })

  it("finds the setting behind a parameter, by its name where several moved alike, and who sets it", () => {
    const before = new Map([["a.longest", 4], ["b.size", 4], ["c", 1]].map(([path, value]) => [path as string, {
      path: path as string,
      value
    }]))
    const settings = [{ path: "a.longest", value: 5, declared: "ours: 4" }, { path: "b.size", value: 5 }, {
      path: "c",
      value: 1
    }]
    const reason = { part: "params", text: "", from: "4", to: "5", path: "judge.longest" }
    const behind = (sets: ReadonlyArray<string>, path = reason.path) =>
      settingsBehind({ ...reason, path }, before, { settings, sets: new Set(sets) })
    assert.deepStrictEqual(behind(["a.longest"]), [{ path: "a.longest", setBy: "--set" }])
    assert.deepStrictEqual(behind([]), [{ path: "a.longest", setBy: "experiment" }])
    assert.deepStrictEqual(behind([], "other"), [
      { path: "a.longest", setBy: "experiment" },
      { path: "b.size", setBy: "pipeline" }
    ])
    assert.deepStrictEqual(settingsBehind({ ...reason, to: "6" }, before, { settings, sets: new Set() }), [])
  })
})

describe("differingPaths", () => {
  it("follows records, and lists of records where few differ; other lists differ as a whole", () => {
    const settings = (steps: number, rest: ReadonlyArray<number>) => ({
      settings: [{ path: "grpo.steps", value: steps }, ...rest.map((value, i) => ({ path: `s${i}`, value }))]
    })
    assert.deepStrictEqual(differingPaths(settings(2, [1]), settings(3, [1])), [
      { path: "settings[grpo.steps].value", from: 2, to: 3 }
    ])
    const [whole, ...others] = differingPaths(settings(2, [1, 2, 3, 4]), settings(3, [5, 6, 7, 8]))
    assert.deepStrictEqual([whole!.path, others], ["settings", []])
    assert.deepStrictEqual(differingPaths({ a: { b: [1, 2] }, c: 1 }, { a: { b: [1] }, c: 1 }), [
      { path: "a.b", from: [1, 2], to: [1] }
    ])
    assert.deepStrictEqual(differingPaths({ a: 1 }, { a: 1 }), [])
  })
})

describe("why a row", () => {
  it("has a result: since the first run that made it under this key", async () => {
    const { lab, put, row, targets } = await setUp()
    put("rules.txt", "r1|be kind\nr2|be very brief\n")
    await lab.run(targets())
    const [later, first] = await lab.within(targets(), {}, () => Effect.flatMap(Store, (store) => store.listRuns()))
    assert.deepInclude(await row("a"), { state: "fresh", since: first!.run, changedCells: [], changedGiven: [] })
    assert.deepInclude(await row("b"), { state: "fresh", since: later!.run })
  })

  it("would run: a cell it reads, or what it is given, was another", async () => {
    const { put, row } = await setUp()
    put("rules.txt", "r1|be kind\nr2|be very brief\n")
    put("answers.txt", "a|r1|hallo\nb|r2|bye\nc|r9|hm\nd|r1|new\n")
    const a = await row("a")
    assert.deepInclude(a, { state: "stale", changedGiven: [], function: [] })
    assert.deepStrictEqual(a.changedCells, [{ column: "text", from: "hello", to: "hallo" }])
    const b = await row("b")
    assert.deepStrictEqual(b.changedGiven, [{ path: "[0].text", from: "be brief", to: "be very brief" }])
    assert.deepStrictEqual(b.changedCells, [])
    assert.deepInclude(await row("c"), { state: "fresh" })
    assert.deepInclude(await row("d"), { state: "stale", note: "the row is new", changedCells: [] })
  })

  it("would run because all rows would: code or a parameter changed", async () => {
    const { row } = await setUp()
    const explained = await row("c", 5, { code: { judge: "2" } })
    assert.strictEqual(explained.state, "stale")
    assert.deepStrictEqual(explained.function.map(({ text }) => text), [
      "longest: 4 → 5",
      "code changed: judge at judge.ts:1"
    ])
    assert.deepStrictEqual(explained.changedCells, [])
  })

  it("failed: how often and with what", async () => {
    const { lab, put, row, targets } = await setUp()
    put("answers.txt", "a|r1|broken\nb|r2|bye\n")
    for (let time = 0; time < 2; time++) await lab.run(targets())
    const failed = await row("a")
    assert.deepInclude(failed, { state: "failed", failed: { attempts: 2, reason: "no ruler for this" } })
    assert.include(
      whyRowText("judge", failed, { width: 80 }),
      "failed 2 times, would run again\n  last: no ruler for this"
    )
  })

  it("is not there, or has no key yet", async () => {
    const { row } = await setUp()
    const refused = await row("z").catch((error: Error) => error.message)
    assert.strictEqual(refused, "judge: there is no row z\n  rows are named by answerId of answers")
  })
})

describe("whyText", () => {
  it("shows the first differing part first, and below each what is behind it", () => {
    const text = whyText(
      {
        label: "judge",
        state: "stale",
        key: "3f2a91c0aaaa",
        reasons: [
          {
            part: "input",
            text: "rules: text changed",
            change: {
              rows: {
                added: 0,
                removed: 2,
                changed: 5,
                samples: { added: [], removed: ["r8", "r9"], changed: ["r2", "r3", "r4"] },
                first: { row: "r2", column: "text", from: "be brief", to: "be \x1b[31mvery\nbrief" }
              }
            }
          },
          {
            part: "params",
            text: "longest: 4 → 5",
            from: "4",
            to: "5",
            settings: [{ path: "a.longest", setBy: "--set" }]
          },
          { part: "code", text: "the statement changed", from: "select a", to: "select b" },
          { part: "code", text: "code changed: judge at nodes/judge.ts:31", at: "nodes/judge.ts:31" }
        ]
      },
      "experiments/x.ts",
      { width: 60 }
    )
    assert.strictEqual(
      text,
      `
judge  3f2a91c0  stale
  rules: text changed
    5 rows changed: r2, r3, r4, …
    2 rows removed: r8, r9
    r2 text: be brief → be ␛[31mvery↵brief
  longest: 4 → 5
    setting a.longest, from the command line (--set)
  the statement changed: select a → select b
  code changed: judge at nodes/judge.ts:31`.slice(1)
    )
  })
})
