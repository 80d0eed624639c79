import * as Schema from "effect/Schema"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import type { Entry } from "../../runtime/Plan.ts"
import * as Node from "../../runtime/Node.ts"
import * as Source from "../../runtime/Source.ts"
import * as Type from "../../runtime/Type.ts"
import { laboratory } from "./support/world.ts"

const Rule = Type.table("rule", { ruleId: Schema.String, text: Schema.String }, { id: ["ruleId"] })
const Answer = Type.table("answer", { answerId: Schema.String, text: Schema.String, about: Schema.String }, {
  id: ["answerId"]
})
const Judged = Type.table("judged", { answerId: Schema.String, text: Schema.String, verdict: Schema.String }, {
  id: ["answerId"]
})

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
  run: ({ file }) =>
    lines(file, "answers.txt").map(([answerId, text, about]) => ({ answerId: answerId!, text: text!, about: about! }))
})

const judge = Node.mapRows({
  name: "judge",
  input: Answer,
  side: { rules: Rule },
  carry: ["answerId"],
  output: Judged,
  given: ({ about }, { rules }) => rules.filter((rule) => rule.ruleId === about),
  run: ({ text }, { given }) => ({
    text,
    verdict: `${text} under ${given.map((rule) => rule.text).join("+") || "nothing"}`
  })
})

const Count = Type.table("count", { verdict: Schema.String, n: Schema.Int }, { id: ["verdict"] })
const count = Node.sql({
  name: "count",
  inputs: { judged: Type.table("judgedVerdict", { verdict: Schema.String, text: Schema.String }, { id: [] }) },
  output: Count,
  select: ({ judged }) =>
    Node.query`select ${judged.verdict} as verdict, count(*)::integer as n from ${judged} group by all`
})

const setUp = () => {
  const lab = laboratory()
  const put = (name: string, text: string) => writeFileSync(join(lab.root, name), text)
  put("rules.txt", "r1|be kind\nr2|be brief\n")
  put("answers.txt", "a|hello|r1\nb|bye|r2\nc|hm|r9\n")
  const spec = rules({ file: Source.file(join(lab.root, "rules.txt"), "rules.txt") })
  const judged = judge({
    rows: answers({ file: Source.file(join(lab.root, "answers.txt"), "answers.txt") }),
    rules: spec
  })
  return { lab, put, targets: { judged, count: count({ judged }) } }
}

const states = (entries: ReadonlyArray<Entry>) =>
  Object.fromEntries(entries.map((entry) => [entry.vertex.label, entry.state]))
const entry = (entries: ReadonlyArray<Entry>, label: string) => entries.find((each) => each.vertex.label === label)!

describe("a plan", () => {
  it("sees past instant nodes: it counts the rows an edited rule will redo, and says which columns changed", async () => {
    const { lab, put, targets } = setUp()
    await lab.run(targets)
    put("rules.txt", "r1|be kind\nr2|be very brief\n")
    const { entries } = await lab.plan(targets)
    assert.deepStrictEqual(states(entries), { rules: "fresh", answers: "fresh", judge: "stale", count: "waiting" })
    assert.deepStrictEqual(entry(entries, "judge").rows, { toRun: 1, total: 3 })
    assert.deepStrictEqual(entry(entries, "judge").why.map((reason) => reason.text), ["rules: text changed"])
    assert.deepStrictEqual(entry(entries, "count").why.map((reason) => reason.text), ["waits for judge"])
  })

  it("is what the run then does", async () => {
    const { lab, put, targets } = setUp()
    await lab.run(targets)
    put("rules.txt", "r1|be kind\nr2|be very brief\nr3|new and unread\n")
    const ran = await lab.run(targets)
    assert.deepStrictEqual(ran.ran, ["count", "judge", "rules"])
    assert.deepStrictEqual(ran.summary.rows, { ran: 1, fresh: 2, failed: 0 })
    assert.deepStrictEqual(ran.table("judged")["verdict"], [
      "hello under be kind",
      "bye under be very brief",
      "hm under nothing"
    ])
  })

  it("of a new rule nobody is shown reruns no row", async () => {
    const { lab, put, targets } = setUp()
    await lab.run(targets)
    put("rules.txt", "r1|be kind\nr2|be brief\nr3|unread\n")
    const ran = await lab.run(targets)
    assert.deepStrictEqual(ran.summary.rows, { ran: 0, fresh: 3, failed: 0 })
    assert.deepStrictEqual(ran.ran, ["judge", "rules"]) // equal verdicts: count stays fresh
  })

  it("of a first run has reasons for everything, and waits for what it cannot know", async () => {
    const { lab, targets } = setUp()
    const { entries } = await lab.plan(targets)
    assert.deepStrictEqual(states(entries), { rules: "fresh", answers: "stale", judge: "waiting", count: "waiting" })
    assert.deepStrictEqual(entry(entries, "answers").why.map((reason) => reason.text), ["has not run yet"])
  })

  it("names what differs in parameters and seed, old → new", async () => {
    const lab = laboratory()
    const draw = Node.make({
      name: "draw",
      inputs: {},
      params: { size: Schema.Int },
      seeded: true,
      output: Type.value("n", Schema.Int),
      run: (_, { params, seed }) => params.size + (seed > 0 ? 1 : 0)
    })
    await lab.run({ draw: draw({}, { size: 3, seed: 1 }) })
    const { entries } = await lab.plan({ draw: draw({}, { size: 4, seed: 2 }) })
    assert.deepStrictEqual(entry(entries, "draw").why.map((reason) => reason.text), ["size: 3 → 4", "seed: 1 → 2"])
  })

  it("prices stale nodes from their history", async () => {
    const { lab, put, targets } = setUp()
    await lab.run(targets)
    put("answers.txt", "a|hello|r1\nb|bye|r2\nc|hm|r9\nd|more|r1\n")
    const { entries } = await lab.plan(targets)
    assert.strictEqual(entry(entries, "answers").cost!.basis, "history")
  })
})

describe("SQL nodes", () => {
  it("rerun for columns they read, not for others", async () => {
    const lab = laboratory()
    const make = (text: string, about: string) =>
      Node.make({
        name: "given",
        inputs: {},
        params: { text: Schema.String, about: Schema.String },
        output: Answer,
        run: (_, { params }) => [{ answerId: "a", ...params }]
      })({}, { text, about })
    const read = Node.sql({
      name: "read",
      inputs: { answers: Answer },
      output: Count,
      select: ({ answers }) => Node.query`select ${answers.text} as verdict, 1::integer as n from ${answers}`
    })
    await lab.run({ read: read({ answers: make("x", "1") }) })
    assert.deepStrictEqual((await lab.run({ read: read({ answers: make("x", "2") }) })).ran, ["given"])
    const third = await lab.run({ read: read({ answers: make("y", "2") }) })
    assert.deepStrictEqual(third.summary.failures.map((failure) => failure.message), [])
    assert.deepStrictEqual(third.table("read")["verdict"], ["y"]) // a column named like a property of queries
    assert.deepStrictEqual(third.ran, ["given", "read"])
  })

  it("are checked before anything runs: an unknown column, a wrong result type, a volatile function", async () => {
    const { lab, targets } = setUp()
    const judged = targets.judged
    const wrong = (text: string) =>
      Node.sql({
        name: "wrong",
        inputs: { judged: Judged },
        output: Count,
        select: ({ judged }) => Node.query`${{ "~sql": text }} from ${judged}`
      })({ judged })
    assert.match((await lab.refusal({ wrong: wrong("select verdikt as verdict, 1::integer as n") })).message, /verdikt/)
    assert.match(
      (await lab.refusal({ wrong: wrong("select verdict, 1.5::double as n") })).message,
      /column `n` is DOUBLE.*\n.*cast it/
    )
    assert.match(
      (await lab.refusal({ wrong: wrong("select verdict, (random() * 9)::integer as n") })).message,
      /random/
    )
    assert.match(
      (await lab.refusal({ wrong: wrong("select verdict as \"verdict\", 1::integer as m") })).message,
      /yields no column `n`/
    )
  })

  it("come out ordered by their ids", async () => {
    const lab = laboratory()
    const some = Node.make({
      name: "some",
      inputs: {},
      output: Count,
      run: () => ["c", "a", "b"].map((verdict, n) => ({ verdict, n }))
    })
    const same = Node.sql({
      name: "same",
      inputs: { some: Count },
      output: Count,
      select: ({ some }) => Node.query`select * from ${some}`
    })
    assert.deepStrictEqual((await lab.run({ same: same({ some: some({}) }) })).table("same")["verdict"], [
      "a",
      "b",
      "c"
    ])
  })
})

describe("sweeps", () => {
  const square = Node.make({
    name: "square",
    inputs: {},
    params: { x: Schema.Int },
    output: Type.value("n", Schema.Int),
    run: (_, { params }) => params.x * params.x
  })
  const shared = Node.make({ name: "shared", inputs: {}, output: Type.value("n", Schema.Int), run: () => 10 })
  const add = Node.make({
    name: "add",
    inputs: { a: Type.value("n", Schema.Int), b: Type.value("n", Schema.Int) },
    output: Type.value("n", Schema.Int),
    run: ({ a, b }) => a + b
  })

  it("run what arms share once, and name what they do not by its point", async () => {
    const lab = laboratory()
    const arms = [1, 2, 3].map((x) => ({
      point: { x },
      targets: { sum: add({ a: square({}, { x }), b: shared({}) }) }
    }))
    const ran = await lab.run({}, { arms })
    assert.deepStrictEqual(ran.ran, [
      "add[x=1]",
      "add[x=2]",
      "add[x=3]",
      "shared",
      "square[x=1]",
      "square[x=2]",
      "square[x=3]"
    ])
    assert.strictEqual(ran.value("sum[x=3]"), 19)
  })

  it("share a source that every arm names for itself", async () => {
    const lab = laboratory()
    writeFileSync(join(lab.root, "rules.txt"), "r1|be kind\n")
    const arms = [1, 2].map((x) => {
      const spec = rules({ file: Source.file(join(lab.root, "rules.txt")) })
      return { point: { x }, targets: { spec, square: square({}, { x }) } }
    })
    assert.deepStrictEqual((await lab.run({}, { arms })).ran, ["rules", "square[x=1]", "square[x=2]"])
  })

  it("two different nodes of one name are refused, saying how to name one", async () => {
    const lab = laboratory()
    const refused = await lab.refusal({ a: square({}, { x: 1 }), b: square({}, { x: 2 }) })
    assert.match(refused.message, /square cannot be planned: two different nodes.*\n.*\.as\(/)
    const named = await lab.run({ a: square({}, { x: 1 }), b: square.as("other")({}, { x: 2 }) })
    assert.deepStrictEqual(named.ran, ["other", "square"])
  })

  it("a renamed node is found by its key", async () => {
    const lab = laboratory()
    await lab.run({ a: square({}, { x: 1 }) })
    assert.deepStrictEqual((await lab.run({ a: square.as("renamed")({}, { x: 1 }) })).ran, [])
  })
})
