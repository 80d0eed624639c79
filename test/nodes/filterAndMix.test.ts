/** The keep rule, the choice inside a side, the nested fractions, and the counts of what was dropped. */
import { assert, describe, it } from "vitest"
import { filterAndMix, mixCounts } from "../../nodes/filterAndMix.ts"
import { trainable } from "../../nodes/trainable.ts"
import { Critique, GuardVerdict, LabelledPrompt, MixCount } from "../../nodes/tables.ts"
import { laboratory } from "../runtime/support/world.ts"
import { given, type LabelledRow, labelledRow, rowsOf } from "./support/inputs.ts"

type Verdict = "safe" | "unsafe" | null
type Verdicts = { readonly [promptId: string]: ReadonlyArray<Verdict> }
type Labels = { readonly [promptId: string]: LabelledRow["label"] }

const critiquesOf = (verdicts: Verdicts) =>
  Object.entries(verdicts).flatMap(([promptId, all]) =>
    all.map((verdict, i) => ({
      sampleId: `${promptId}#${i}`,
      promptId,
      prompt: `prompt ${promptId}`,
      answer: `answer ${promptId}#${i}`,
      label: "harmful" as const,
      outcome: "answer" as const,
      verdict,
      critique: `critique ${promptId}#${i}`,
      cited: [],
      shown: []
    }))
  )

/** Verdicts of the guard by sample; samples that are not there were not read by it. */
type Guards = { readonly [sampleId: string]: Verdict }

const settings = {
  seed: 1,
  labelSource: "expert",
  pick: "random",
  balance: "none",
  dropDisagreement: false,
  fraction: 1
} as const
type Settings = { -readonly [K in keyof typeof settings]?: Parameters<typeof filterAndMix>[1][K] }

const mixedOf = (verdicts: Verdicts, labels: Labels, guards: Guards = {}) => ({
  critiques: given(Critique, critiquesOf(verdicts)),
  guards: given(GuardVerdict, Object.entries(guards).map(([sampleId, verdict]) => ({ sampleId, verdict }))),
  prompts: given(LabelledPrompt, Object.entries(labels).map(([id, label]) => labelledRow(id, label)))
})

/** Ids of the examples, and the rows. */
const mix = async (
  verdicts: Verdicts,
  labels: Labels,
  { guards, lab = laboratory(), ...changed }: Settings & {
    readonly guards?: Guards
    readonly lab?: ReturnType<typeof laboratory>
  } = {}
) => {
  const examples = filterAndMix(mixedOf(verdicts, labels, guards), { ...settings, ...changed })
  const rows = rowsOf((await lab.run({ examples })).table("examples"))
  return { rows, ids: rows.map(({ exampleId }) => exampleId as string) }
}

/** Counts by what they count. */
const counted = async (from: ReturnType<typeof mixedOf>, changed: Settings = {}) => {
  const counts = mixCounts(from, { ...settings, ...changed })
  const { count, what } = (await laboratory().run({ counts })).table("counts")
  return Object.fromEntries(what!.map((name, i) => [name, count![i]]))
}

const everyFate: Verdicts = {
  mixed: ["safe", "unsafe", "safe", null],
  allSafe: ["safe", "safe"],
  allUnsafe: ["unsafe", "unsafe"],
  unread: [null],
  good: ["safe", "unsafe", "safe"],
  bad: ["unsafe", null],
  sum: ["safe", "unsafe"]
}
const fates: Labels = {
  mixed: "harmful",
  allSafe: "harmful",
  allUnsafe: "harmful",
  unread: "harmful",
  good: "benign",
  bad: "benign",
  sum: "maths"
}

const many = Array.from({ length: 10 }, (_, i) => `p${i}`)
const manyMixed: Verdicts = Object.fromEntries(
  many.map((id) => [id, ["safe", "unsafe", "safe", "unsafe", "safe", "unsafe"]])
)
const manyHarmful: Labels = Object.fromEntries(many.map((id) => [id, "harmful"]))

describe("the keep rule", () => {
  it("keeps one safe and one unsafe answer of a mixed harmful prompt, one safe answer of a benign one, no others", async () => {
    const { rows } = await mix(everyFate, fates)
    assert.deepStrictEqual(
      rows.map(({ label, promptId, verdict }) => [promptId, label, verdict]).sort(),
      [["good", "benign", "safe"], ["mixed", "harmful", "safe"], ["mixed", "harmful", "unsafe"]]
    )
    for (const row of rows) {
      const at = Number(row.exampleId.split("#")[1])
      assert.strictEqual(everyFate[row.promptId]![at], row.verdict)
      assert.strictEqual(row.prompt, `prompt ${row.promptId}`)
      assert.strictEqual(row.answer, `answer ${row.exampleId}`)
      assert.strictEqual(row.critique, `critique ${row.exampleId}`)
    }
  })

  it("goes by the label of the prompts' table: a prompt that turns benign yields one row", async () => {
    const verdicts: Verdicts = { p: ["unsafe", "safe"] }
    const lab = laboratory()
    assert.deepStrictEqual((await mix(verdicts, { p: "harmful" }, { lab })).ids, ["p#0", "p#1"])
    const benign = await mix(verdicts, { p: "benign" }, { lab })
    assert.deepStrictEqual(benign.rows.map(({ exampleId, label }) => [exampleId, label]), [["p#1", "benign"]])
  })

  it("is counted, every sample and every prompt under one reason", async () => {
    const critiques = critiquesOf(everyFate).map((row) =>
      row.sampleId === "mixed#2" ? { ...row, answer: "answer mixed#0" } : row
    )
    const from = { ...mixedOf(everyFate, fates), critiques: given(Critique, critiques) }
    assert.deepStrictEqual(await counted(from), {
      "samples": 16,
      "distinct (prompt, answer) pairs": 15,
      "answers without a verdict, dropped": 3,
      "answers the guard could not label, dropped": 0,
      "answers on which expert and guard disagree, dropped": 0,
      "answers on which expert and guard disagree": 0,
      "harmful prompts, mixed: one safe and one unsafe kept": 1,
      "harmful prompts, all safe, dropped": 1,
      "harmful prompts, all unsafe, dropped": 1,
      "harmful prompts without a verdict, dropped": 1,
      "benign prompts, one safe answer kept": 1,
      "benign prompts without a safe answer, dropped": 1,
      "examples beyond the balance, dropped": 0,
      "examples beyond the fraction, dropped": 0,
      "examples": 3
    })
  })
})

describe("the choice inside a side", () => {
  it("changes with the seed, and is one of the candidates under each", async () => {
    const lab = laboratory()
    const chosen = new Set<string>()
    for (const seed of [1, 2, -3]) {
      const { ids, rows } = await mix(manyMixed, manyHarmful, { lab, seed })
      assert.strictEqual(ids.length, 20)
      for (const { exampleId, promptId, verdict } of rows) {
        assert.strictEqual(verdict, Number(exampleId.split("#")[1]) % 2 === 0 ? "safe" : "unsafe")
        assert.isTrue(exampleId.startsWith(`${promptId}#`))
      }
      chosen.add(ids.join())
    }
    assert.strictEqual(chosen.size, 3)
  })

  it("is not moved by other prompts or by the order of rows", async () => {
    const all = (await mix(manyMixed, manyHarmful)).ids
    const few = many.slice(0, 4).toReversed()
    const alone = await mix(
      Object.fromEntries(few.map((id) => [id, manyMixed[id]!])),
      Object.fromEntries(few.map((id) => [id, "harmful"]))
    )
    assert.deepStrictEqual(alone.ids, all.filter((id) => few.includes(id.split("#")[0]!)))
  })
})

describe("a fraction", () => {
  it("has round(f · n) rows and is part of every larger one", async () => {
    const lab = laboratory()
    const wanted = [[0, 0], [0.05, 1], [0.25, 5], [0.33, 7], [0.5, 10], [1, 20]] as const
    let smaller: ReadonlyArray<string> = []
    for (const [fraction, rows] of wanted) {
      const { ids } = await mix(manyMixed, manyHarmful, { lab, fraction })
      assert.strictEqual(ids.length, rows)
      assert.deepStrictEqual(smaller.filter((id) => !ids.includes(id)), [])
      smaller = ids
    }
  })

  it("is another one under another seed", async () => {
    const lab = laboratory()
    // one candidate a side, so that only the fraction chooses
    const pairs: Verdicts = Object.fromEntries(many.map((id) => [id, ["safe", "unsafe"]]))
    const half = (seed: number) => mix(pairs, manyHarmful, { lab, seed, fraction: 0.5 })
    assert.notDeepEqual((await half(1)).ids, (await half(2)).ids)
  })
})

describe("the label source", () => {
  const verdicts: Verdicts = { p: ["safe", "unsafe", "safe", "unsafe"], good: ["safe", "unsafe"] }
  const labels: Labels = { p: "harmful", good: "benign" }
  const guards: Guards = {
    "p#0": "safe",
    "p#1": "safe",
    "p#2": "unsafe",
    "p#3": "unsafe",
    "good#0": null,
    "good#1": "safe"
  }
  const chosen = async (changed: Settings) => {
    const { rows } = await mix(verdicts, labels, { guards, pick: "first", ...changed })
    return rows.map(({ exampleId, verdict }) => `${exampleId} ${verdict}`)
  }

  it("sorts answers into sides; the critique and its verdict stay the expert's", async () => {
    assert.deepStrictEqual(await chosen({ labelSource: "expert" }), ["good#0 safe", "p#0 safe", "p#1 unsafe"])
    assert.deepStrictEqual(await chosen({ labelSource: "guard" }), ["good#1 unsafe", "p#0 safe", "p#2 safe"])
    assert.deepStrictEqual(await chosen({ labelSource: "agree" }), ["p#0 safe", "p#3 unsafe"])
  })

  it("may leave out disagreement, which is counted, as is what the guard could not read", async () => {
    assert.deepStrictEqual(await chosen({ labelSource: "expert", dropDisagreement: true }), [
      "good#0 safe",
      "p#0 safe",
      "p#3 unsafe"
    ])
    assert.deepInclude(await counted(mixedOf(verdicts, labels, guards), { labelSource: "guard" }), {
      "answers the guard could not label, dropped": 1,
      "answers on which expert and guard disagree, dropped": 0,
      "answers on which expert and guard disagree": 3
    })
    assert.deepInclude(await counted(mixedOf(verdicts, labels, guards), { dropDisagreement: true }), {
      "answers the guard could not label, dropped": 0,
      "answers on which expert and guard disagree, dropped": 3
    })
  })
})

describe("the pick", () => {
  it("is the shortest answer, or the first drawn, where that is asked for", async () => {
    const verdicts: Verdicts = { p: Array.from({ length: 12 }, (_, i) => i === 0 ? "unsafe" : "safe") }
    // answers end in the index: one digit is shorter than two
    const first = await mix(verdicts, { p: "harmful" }, { pick: "first" })
    assert.deepStrictEqual(first.ids, ["p#0", "p#1"])
    const shortest = await mix(verdicts, { p: "harmful" }, { pick: "shortest" })
    assert.isTrue(shortest.ids.includes("p#0") && shortest.ids.every((id) => id.length === 3))
  })
})

describe("the balance", () => {
  const benign = Array.from({ length: 5 }, (_, i) => `b${i}`)
  const verdicts: Verdicts = {
    p: ["safe", "unsafe"],
    q: ["safe", "unsafe"],
    ...Object.fromEntries(benign.map((id) => [id, ["safe"]]))
  }
  const labels: Labels = { p: "harmful", q: "harmful", ...Object.fromEntries(benign.map((id) => [id, "benign"])) }

  it("of verdicts has as many safe as unsafe examples, of labels as many benign as harmful; the rest is counted", async () => {
    const byVerdict = await mix(verdicts, labels, { balance: "verdicts" })
    assert.deepStrictEqual(byVerdict.rows.map(({ verdict }) => verdict).sort(), ["safe", "safe", "unsafe", "unsafe"])
    const byLabel = await mix(verdicts, labels, { balance: "labels" })
    assert.deepStrictEqual(byLabel.rows.map(({ label }) => label).sort(), [
      ...Array.from({ length: 4 }, () => "benign"),
      ...Array.from({ length: 4 }, () => "harmful")
    ])
    const counts = await counted(mixedOf(verdicts, labels), { balance: "verdicts", fraction: 0.5 })
    assert.deepInclude(counts, {
      "examples beyond the balance, dropped": 5,
      "examples beyond the fraction, dropped": 2,
      "examples": 2
    })
    const half = await mix(verdicts, labels, { balance: "verdicts", fraction: 0.5 })
    assert.isTrue(half.ids.every((id) => byVerdict.ids.includes(id)))
  })
})

describe("too few pairs", () => {
  const through = async (what: { readonly [name: string]: number }, minMixedPrompts: number) => {
    const rows = mixedOf({ p: ["safe", "unsafe"] }, { p: "harmful" })
    const examples = trainable({
      examples: filterAndMix(rows, settings),
      mix: given(MixCount, Object.entries(what).map(([name, count]) => ({ what: name, count })))
    }, { minMixedPrompts })
    return laboratory().run({ examples })
  }

  it("stop training and say how prompts failed and what to change", async () => {
    const none = {
      "harmful prompts, mixed: …": 0,
      "harmful prompts, all unsafe, dropped": 9,
      "harmful prompts, all safe, dropped": 1
    }
    const message = (await through(none, 1)).summary.failures[0]?.message
    assert.include(
      message,
      "0 of 10 harmful prompts have both safe and unsafe answers, 1 are required (1 all safe, 9 all unsafe, 0 without"
    )
    assert.include(message, "the policy hardly ever refuses")
    assert.include((await through({}, 1)).summary.failures[0]?.message, "give the training set harmful prompts")
  })

  it("let examples through where there are enough, or none are required", async () => {
    assert.strictEqual((await through({ "harmful prompts, mixed: …": 1 }, 1)).table("examples")["exampleId"]!.length, 2)
    assert.strictEqual((await through({}, 0)).table("examples")["exampleId"]!.length, 2)
  })
})
