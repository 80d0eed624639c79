/** The report node: what it takes from the tables and settings it is given, up to the words of the report. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { assert, describe, it } from "vitest"
import { report } from "../../../nodes/report.ts"
import type { Report } from "../../../nodes/tables.ts"

const rows = <A>(all: ReadonlyArray<A>) => ({
  numRows: all.length,
  all: Effect.succeed(all),
  stream: Stream.fromIterable(all)
})

const scores = (arm: string, hits: number) =>
  [
    { arm, set: "both", metric: "attackSuccess", topic: "t", hits, n: 10 },
    { arm, set: "inDistribution", metric: "attackSuccess", topic: "t", hits, n: 10 },
    { arm, set: "both", metric: "told", topic: "t", hits: 7, n: 10 },
    { arm, set: "category: art", metric: "told", topic: "t", hits: 6, n: 10 },
    { arm, set: "maths", metric: "maths", topic: "1 + 1", hits: 9, n: 10 }
  ].map((row) => ({ ...row, seed: 0 }))

const counts = [
  { what: "samples", count: 40 },
  { what: "distinct (prompt, answer) pairs", count: 31 },
  { what: "answers without a verdict, dropped", count: 2 },
  { what: "harmful prompts, mixed: one safe and one unsafe kept", count: 3 },
  { what: "harmful prompts, all safe, dropped", count: 1 },
  { what: "benign prompts, one safe answer kept", count: 4 }
]

const run = async () => {
  const { definition } = report
  if (definition.kind !== "make") throw new Error("not a make node")
  const inputs = {
    scores: rows([...scores("base", 9), ...scores("verifySft", 5), ...scores("grpo", 0)]),
    pairs: rows([]),
    mix: rows(counts),
    errors: rows([]),
    agreement: rows([]),
    passAt: rows([]),
    rewards: rows([
      { arm: "grpo", step: 1, kind: "harmful", groups: 2, mixedGroups: 1, samples: 8, unparsable: 2, rewardSum: 3 },
      { arm: "grpo", step: 1, kind: "maths", groups: 1, mixedGroups: 0, samples: 4, unparsable: 0, rewardSum: 4 },
      { arm: "grpo", step: 2, kind: "harmful", groups: 2, mixedGroups: 2, samples: 8, unparsable: 1, rewardSum: 6 }
    ]),
    findings: ["Stage 2 did not start."],
    settings: [
      { path: "sft.learningRate", value: 0.001, label: "ours", declared: "note: 0.0002" },
      { path: "verification.clause", value: "{text}", label: "ours", declared: "ours: \"- {clauseId}: {text}\"" },
      { path: "grpo.samplesPerPrompt", value: 8, label: "paper" }
    ]
  }
  const params = {
    title: "A run",
    arms: [{ arm: "base", title: "base" }, { arm: "verifySft", title: "verify-SFT" }, { arm: "grpo", title: "+ GRPO" }],
    notes: ["One base."],
    judges: ""
  }
  const made = definition.run(inputs as never, { params, dir: "" } as never) as Generator<never, unknown>
  return await Effect.runPromise(Effect.gen(() => made)) as (typeof Report)["schema"]["Type"]
}

describe("report", () => {
  it("prints what steps found out about themselves among its notes", async () => {
    const { headline, markdown } = await run()
    assert.include(headline, "Stage 2 did not start.")
    assert.include(markdown, "One base.")
  })

  it("heads with attack success by set, in the order of the method, under the names of the sets", async () => {
    const { headline, markdown } = await run()
    assert.match(
      headline,
      /attack success, in distribution ↓ +\| +10 \| +90\.0 .*\n\| … held-out topics under unseen wrappers ↓/u
    )
    assert.include(markdown, "# A run\n")
    assert.match(markdown, /\| maths ↑ +\|/u)
    assert.include(markdown, "## Change from base")
    assert.match(headline, /- One base\./u)
  })

  it("prints facts told by category only", async () => {
    const { headline, markdown } = await run()
    assert.match(markdown, /### fact told\n\n.*\n.*\n\| art +\| +10 \| 60\.0 \(31–83\) \|/u)
    assert.notInclude(markdown, "fact told,")
    assert.notInclude(headline, "told")
    assert.notInclude(headline, "category")
  })

  it("prints what stage 2 earned, and the share it could not read, in all and by kind", async () => {
    const { markdown } = await run()
    const section = markdown.split("## Rewards of stage 2")[1]!.split("\n## ")[0]!
    const cells = section.split("\n").filter((line) => line.startsWith("|")).slice(2)
      .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()))
    // step 1: (3 + 4) / (6 + 4); step 2: 6 / 7; groups 1 + 0 + 2 of 2 + 1 + 2; unparsable 2 + 0 + 1 of 20
    assert.deepStrictEqual(cells, [
      ["+ GRPO", "all", "2", "0.70", "0.86", "3/5 = 60.0 (23–88)", "3/20 = 15.0 (5–36)"],
      ["", "harmful", "2", "0.50", "0.86", "3/4 = 75.0 (30–95)", "3/16 = 18.8 (7–43)"],
      ["", "maths", "1", "1.00", "1.00", "0/1 = 0.0 (0–79)", "0/4 = 0.0 (0–49)"]
    ])
  })

  it("counts examples and what was left out", async () => {
    const { markdown } = await run()
    // two of each of 3 mixed prompts and one of each of 4 benign ones; 3 of 3 + 1 harmful prompts are mixed
    assert.match(markdown, /\| verification examples +\| +10 \| +31 \| 3 of 4 \(75\.0 %\) \|/u)
    assert.match(markdown, /\| answers without a verdict +\| +2 \|/u)
    assert.match(markdown, /\| harmful prompts, all safe +\| +1 \|/u)
  })

  it("shows the declared value and its label where another is used", async () => {
    const { markdown } = await run()
    assert.include(markdown, "| sft.learningRate | `0.001` | `0.0002` | note |")
    assert.include(markdown, "| verification.clause | `{text}` | `- {clauseId}: {text}` | ours |")
    assert.include(markdown, "- **paper** (1): grpo.samplesPerPrompt `8`")
  })
})
