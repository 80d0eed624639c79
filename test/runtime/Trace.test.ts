/** The way of a row through a small graph: mapped, sampled, routed by another name, aggregated, shown a rule. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { Store } from "../../cache/Store.ts"
import { presentNodes } from "../../runtime/history/presentNodes.ts"
import * as Node from "../../runtime/Node.ts"
import { displayWidth } from "../../runtime/terminal/text.ts"
import { traceText } from "../../runtime/terminal/traceText.ts"
import { type Mover, type Trace, type Traced, Tracer } from "../../runtime/Trace.ts"
import * as Type from "../../runtime/Type.ts"
import { laboratory } from "./support/world.ts"

const Prompt = Type.table("prompt", { promptId: Schema.String, prompt: Schema.String }, { id: ["promptId"] })
const Sample = Type.table("sample", { sampleId: Schema.String, promptId: Schema.String, prompt: Schema.String }, {
  id: ["sampleId"]
})
const Rule = Type.table("rule", { ruleId: Schema.String, text: Schema.String }, { id: ["ruleId"] })
const Judged = Type.table("judged", {
  sampleId: Schema.String,
  promptId: Schema.String,
  verdict: Schema.String,
  shown: Schema.Array(Schema.String)
}, { id: ["sampleId"] })
const Example = Type.table("example", { exampleId: Schema.String, verdict: Schema.String }, { id: ["exampleId"] })
const Count = Type.table("count", { verdict: Schema.String, n: Schema.Int }, { id: ["verdict"] })

const prompts = Node.make({
  name: "prompts",
  inputs: {},
  output: Prompt,
  run: () => ["p", "q"].map((promptId) => ({ promptId, prompt: `${promptId}?` }))
})
const rules = Node.make({
  name: "rules",
  inputs: {},
  output: Rule,
  run: () => [{ ruleId: "R1", text: "be kind" }, { ruleId: "R2", text: "be brief" }]
})
const samples = Node.make({
  name: "samples",
  inputs: { prompts: Prompt },
  output: Sample,
  *run({ prompts }) {
    return (yield* prompts.all).flatMap(({ prompt, promptId }) =>
      [0, 1].map((index) => ({ sampleId: `${promptId}#${index}`, promptId, prompt }))
    )
  }
})
const judge = Node.mapRows({
  name: "judge",
  input: Sample,
  side: { rules: Rule },
  carry: ["sampleId"],
  output: Judged,
  given: ({ promptId }, { rules }) => rules.filter(({ ruleId }) => (ruleId === "R1") === (promptId === "p")),
  run: ({ promptId }, { given }) => ({
    promptId,
    verdict: promptId === "p" ? "safe" : "unsafe",
    shown: given.map(({ ruleId }) => ruleId)
  })
})
const mix = Node.make({
  name: "mix",
  inputs: { judged: Judged },
  output: Example,
  *run({ judged }) {
    return (yield* judged.all).filter(({ sampleId }) => sampleId.endsWith("0"))
      .map(({ sampleId, verdict }) => ({ exampleId: sampleId, verdict }))
  }
})
const count = Node.sql({
  name: "count",
  inputs: { judged: Judged },
  output: Count,
  select: ({ judged }) => Node.query`select verdict, count(*)::integer as n from ${judged} group by all`
})
const train = Node.make({
  name: "train",
  inputs: { examples: Example },
  output: Type.value("n", Schema.Int),
  run: ({ examples }) => examples.numRows
})

const folder = Node.make({
  name: "folder",
  inputs: { judged: Judged, rules: Rule },
  output: Type.artifact("made"),
  run: (_, { dir }) => writeFileSync(join(dir, "file"), "x") // pipeline: allow fs, its own artifact
})
const use = Node.mapRows({
  name: "use",
  input: Sample,
  side: { made: Type.artifact("made") },
  carry: ["sampleId"],
  output: Type.table("used", { sampleId: Schema.String, length: Schema.Int }, { id: ["sampleId"] }),
  given: () => 0,
  run: ({ prompt }) => ({ length: prompt.length })
})

const graph = () => {
  const judged = judge({ rows: samples({ prompts: prompts({}) }), rules: rules({}) })
  const mixed = mix({ judged })
  return { mixed, count: count({ judged }), trained: train({ examples: mixed }) }
}

/** Traces a row of a run of the graph. */
const traced = async (label: string | undefined, row: string, rows = 5): Promise<Trace> => {
  const lab = laboratory()
  await lab.run(graph())
  return lab.within(graph(), {}, () =>
    Effect.gen(function*() {
      const store = yield* Store
      const runs = yield* store.listRuns()
      const tracer = new Tracer(store, { nodes: presentNodes(runs), run: runs[0]!.run, rows })
      const [place] = yield* tracer.find(label, row)
      return yield* tracer.trace(place!)
    }))
}

/** A tree as `label row` with what follows in brackets. */
const shape = (next: ReadonlyArray<Traced>): string =>
  next.map((step) => {
    const name = step.more === undefined
      ? [step.label, step.row, step.by, step.again === true ? "again" : undefined].filter((part) => part !== undefined)
      : [`+${step.more} ${step.label}`]
    return name.join(" ") + (step.next.length === 0 ? "" : `(${shape(step.next)})`)
  }).join(", ")

describe("trace", () => {
  it("goes up by place, by id and by what a row was given, and down by name where columns differ", async () => {
    const trace = await traced("judge", "p#0")
    assert.strictEqual(shape(trace.up), "samples p#0(prompts p), rules given R1 (shown)")
    assert.strictEqual(shape(trace.down), "mix p#0(train reads the whole table), count safe")
    assert.deepInclude(trace.row, { label: "judge", row: "p#0", state: "ran" })
    assert.deepStrictEqual(trace.row.cells, [["promptId", "p"], ["verdict", "safe"], ["shown", ["R1"]]])
  })

  it("of a row that was left out ends where it was", async () => {
    const trace = await traced("judge", "p#1")
    assert.strictEqual(shape(trace.down), "count safe")
  })

  it("of an aggregate names the rows it was made of, as many as are asked for", async () => {
    const trace = await traced("count", "unsafe", 1)
    assert.strictEqual(
      shape(trace.up),
      "judge q#0 by verdict(samples q#0(prompts q), rules given R2 (shown)), +1 judge"
    )
  })

  it("of a rule finds the rows that were shown it; an id alone is found in any table", async () => {
    const trace = await traced(undefined, "R2")
    assert.strictEqual(trace.row.label, "rules")
    assert.strictEqual(
      shape(trace.down),
      "judge q#0 was given it(mix q#0(train reads the whole table), count unsafe), "
        + "judge q#1 was given it(count unsafe again)"
    )
  })

  it("goes on through a folder where somebody knows which rows made it, the most important first", async () => {
    const lab = laboratory()
    const all = () => ({
      used: use({
        rows: samples({ prompts: prompts({}) }),
        made: folder({ judged: judge({ rows: samples({ prompts: prompts({}) }), rules: rules({}) }), rules: rules({}) })
      })
    })
    await lab.run(all())
    const shapeWith = (movers: ReadonlyArray<Mover>, rows: number) =>
      lab.within(all(), {}, () =>
        Effect.gen(function*() {
          const runs = yield* (yield* Store).listRuns()
          const options = { nodes: presentNodes(runs), run: runs[0]!.run, rows, movers: () => Effect.succeed(movers) }
          const tracer = new Tracer(yield* Store, options)
          const [place] = yield* tracer.find("use", "p#0")
          return shape((yield* tracer.trace(place!)).up)
        }))
    const movers = [{ row: "q#1", by: "most" }, { row: "p#1", by: "less" }, { row: "elsewhere", by: "never" }]
    assert.strictEqual(
      await shapeWith(movers, 1),
      "folder(judge q#1 most(samples q#1(prompts q), rules given R2 (shown)), +1 judge, rules the whole table), "
        + "samples p#0(prompts p)"
    )
    assert.strictEqual(await shapeWith([], 5), "folder, samples p#0(prompts p)")
  })

  it("is drawn as two trees, no line wider than the terminal", async () => {
    const trace = await traced("judge", "q#0")
    const text = traceText(trace, { width: 200 }).replace(/\b[0-9a-f]{8}\b/g, "KEY")
    assert.strictEqual(
      text,
      `
from
judge  q#0  promptId q  verdict unsafe  shown ["R2"]  ran KEY
├─ samples  q#0  prompt q?  ran KEY
│  └─ prompts  q  ran KEY
└─ rules  table  given R2 (shown)  ran KEY
to
judge  q#0  promptId q  verdict unsafe  shown ["R2"]  ran KEY
├─ mix  q#0  ran KEY
│  └─ train  value  reads the whole table  ran KEY
└─ count  unsafe  n 2  ran KEY`.slice(1)
    )
    for (let width = 10; width < 60; width++) {
      for (const line of traceText(trace, { width }).split("\n")) assert.isAtMost(displayWidth(line), width)
    }
  })
})
