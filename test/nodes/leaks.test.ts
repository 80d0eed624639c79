/**
 * Leaks between evaluation and training: planted copies and edits are found, unrelated prompts are not, and a run that
 * has one stops with the way it went. Texts are made of made-up words, common and rare as words are.
 */
import { assert, describe, it } from "vitest"
import { makeRandom, type Random } from "../../models/sample/Random.ts"
import { distinctPrompts, promptManifest } from "../../nodes/distinctPrompts.ts"
import { leakCheck, lineageCheck } from "../../nodes/leakCheck.ts"
import { findLeaks, type Unit } from "../../nodes/leaks/findLeaks.ts"
import { Example, Prompt } from "../../nodes/tables.ts"
import { laboratory } from "../runtime/support/world.ts"
import { given, promptRow, rowsOf } from "./support/inputs.ts"

const syllables = "ba ce di fo gu ka le mi no pu ra se ti vo zu".split(" ")
const words = Array.from({ length: 2000 }, (_, i) => {
  const at = (of: number) => syllables[Math.floor(i / of) % syllables.length]!
  return at(1) + at(15) + at(225)
})

/** Words as frequent as in a language: the r-th most common one has a share like 1/r. */
const word = ({ uniform }: Random) => words[Math.floor(words.length ** uniform()) - 1]!
const sentence = (random: Random) =>
  Array.from({ length: 8 + Math.floor(random.uniform() * 12) }, () => word(random)).join(" ")
const sentences = (label: string, count: number) => {
  const random = makeRandom(1, label)
  return Array.from({ length: count }, () => sentence(random))
}

/** A fifth of the words replaced, left out, pushed in or swapped with the next. */
const edited = (text: string, random: Random) => {
  const own = text.split(" ")
  for (let edits = Math.floor(own.length / 5); edits > 0; edits--) {
    const at = Math.floor(random.uniform() * (own.length - 1))
    const kind = Math.floor(random.uniform() * 4)
    if (kind === 0) own[at] = word(random)
    else if (kind === 1) own.splice(at, 1)
    else if (kind === 2) own.splice(at, 0, word(random))
    else own.splice(at, 2, own[at + 1]!, own[at]!)
  }
  return own.join(" ")
}

const units = (prefix: string, texts: ReadonlyArray<string>, compare: Unit["compare"] = "near"): ReadonlyArray<Unit> =>
  texts.map((text, i) => ({ id: `${prefix}${i}`, text, compare }))

const training = sentences("training", 400)

describe("findLeaks", () => {
  it("finds every copy, whatever its case and stops, as exact", () => {
    const copies = training.map((text) => `${text[0]!.toUpperCase()}${text.slice(1).replace(" ", ",  ")}.`)
    for (const compare of ["near", "exact"] as const) {
      const found = findLeaks(units("c", copies, compare), units("t", training, compare))
      assert.strictEqual(found.length, 400)
      for (const { id, kind, other } of found) assert.deepStrictEqual([other, kind], [`t${id.slice(1)}`, "exact"])
    }
  })

  it("finds at least 95 % of copies with a fifth of their words edited, and where they came from", () => {
    const random = makeRandom(2)
    const found = findLeaks(units("e", training.map((text) => edited(text, random))), units("t", training))
    assert.isAtLeast(found.filter(({ id, other }) => other.slice(1) === id.slice(1)).length, 380)
  })

  it("finds a prompt inside a longer one, either way round", () => {
    const around = training.map((text, i) => `${sentences("before", 400)[i]} ${text} ${sentences("after", 400)[i]}`)
    const wrapped = findLeaks(units("w", around.slice(0, 100)), units("t", training))
    assert.isAtLeast(wrapped.filter(({ id, other }) => other.slice(1) === id.slice(1)).length, 100)
    assert.strictEqual(findLeaks(units("t", training.slice(0, 100)), units("w", around)).length, 100)
  })

  it("calls at most 1 % of unrelated prompts leaks", () => {
    assert.isAtMost(findLeaks(units("f", sentences("others", 1000)), units("t", training)).length, 10)
  })

  it("compares exactly where the exact prompt is the unit, and never a unit with itself", () => {
    const near = training.map((text) => `${text} really`)
    assert.deepStrictEqual(findLeaks(units("n", near, "exact"), units("t", training, "exact")), [])
    const sums = ["What is 7 - 2?", "What is 7 * 2?", "What is 7 / 2?", "What is 7 + 2?", "What is (7) + 2?"]
    assert.deepStrictEqual(findLeaks(units("a", sums, "exact"), units("t", ["what is 7 + 2"], "exact")), [
      { id: "a3", other: "t0", kind: "exact", likeness: 1 }
    ])
    assert.deepStrictEqual(findLeaks(units("t", training.slice(0, 50)), units("t", training.slice(0, 50))), [])
  })
})

const options = { exactSources: [] as ReadonlyArray<string>, threshold: 0.7 }
const row = (promptId: string, prompt: string, more: Parameters<typeof promptRow>[1] = {}) =>
  promptRow(promptId, { prompt, ...more })

const evaluation = (texts: ReadonlyArray<string>, more = {}) =>
  given(Prompt, texts.map((text, i) => row(`e${i}`, text, { set: "wrapped", ...more })), "evaluation")
const trained = (texts: ReadonlyArray<string>, more = {}) =>
  given(Prompt, texts.map((text, i) => row(`t${i}`, text, more)), "training")
const noMaths = given(Prompt, [], "maths")

const failureOf = async (targets: Parameters<ReturnType<typeof laboratory>["run"]>[0]) =>
  (await laboratory().run(targets)).summary.failures[0]?.message

describe("leakCheck", () => {
  const unrelated = sentences("others", 5)

  it("stops the run and names the way of the leak, without its text", async () => {
    const check = leakCheck(
      { training: trained(training.slice(0, 3)), maths: noMaths, evaluation: evaluation([...unrelated, training[1]!]) },
      options
    )
    const message = await failureOf({ check })
    assert.include(message, "1 evaluation prompt leaked into training (1 exact, 0 near)")
    assert.include(
      message,
      "evaluation prompt e5 (set wrapped, test) → the same text → training prompt t1 (set train, test)"
    )
    assert.notInclude(message, training[1]!)
  })

  it("says what it compared where nothing leaked, and what counted as a unit", async () => {
    const near = training.slice(0, 3).map((text) => `${text} really`)
    const check = leakCheck({ training: trained(training.slice(0, 3)), maths: noMaths, evaluation: evaluation(near) }, {
      ...options,
      exactSources: ["test"]
    })
    const [sentence] = (await laboratory().run({ check })).value("check")
    assert.include(sentence, "none of 3 evaluation prompts is among 3 training prompts")
    assert.include(sentence, "of test one unit is the exact prompt")
    const nearly = await failureOf({
      check: leakCheck(
        { training: trained(training.slice(0, 3)), maths: noMaths, evaluation: evaluation(near) },
        options
      )
    })
    assert.include(nearly, "(0 exact, 3 near)")
  })

  it("stops a run whose examples come from an evaluation prompt", async () => {
    const example = (promptId: string) => ({
      exampleId: `${promptId}#0`,
      promptId,
      prompt: "p",
      answer: "a",
      label: "harmful" as const,
      critique: "c",
      verdict: "safe" as const
    })
    const checked = (ids: ReadonlyArray<string>) => ({
      check: lineageCheck({
        examples: given(Example, ids.map(example)),
        training: trained(["a", "b"]),
        evaluation: evaluation(["c"])
      })
    })
    assert.deepStrictEqual((await laboratory().run(checked(["t0", "t1"]))).value("check"), [])
    assert.include(await failureOf(checked(["t0", "e0"])), "evaluation prompt e0 (set wrapped, test) → example e0#0")
    assert.include(await failureOf(checked(["x"])), "prompt x, which no training set holds → example x#0")
  })
})

describe("distinctPrompts", () => {
  const asked = evaluation([training[5]!])
  const repeated = [
    training[0]!,
    `${training[0]!}!`,
    `${training[1]!} really`,
    training[1]!,
    training[5]!,
    training[6]!
  ]

  it("keeps one of each group of duplicates and none that is evaluated, whatever the order", async () => {
    const kept = async (texts: ReadonlyArray<string>, dropFromTraining: boolean) => {
      const distinct = distinctPrompts(
        { training: trained(texts), evaluation: asked },
        { ...options, dropFromTraining }
      )
      return rowsOf((await laboratory().run({ distinct })).table("distinct")).map(({ prompt }) => prompt as string)
    }
    const some = await kept(repeated, true)
    assert.strictEqual(some.length, 3)
    assert.isFalse(some.includes(training[5]!))
    assert.isTrue(some.includes(training[6]!))
    assert.strictEqual((await kept(repeated, false)).length, 4)
  })

  it("is told by the manifest, in counts and hashes that do not depend on the order", async () => {
    const made = async (texts: ReadonlyArray<string>) => {
      const manifest = promptManifest(
        { training: trained(texts), maths: noMaths, evaluation: asked },
        { ...options, dropFromTraining: true }
      )
      return rowsOf((await laboratory().run({ manifest })).table("manifest"))
    }
    const [train, wrapped] = await made(repeated)
    assert.deepInclude(train, {
      side: "training",
      set: "train",
      prompts: 3,
      harmful: 3,
      exactDuplicates: 1,
      nearDuplicates: 1,
      inEvaluation: 1
    })
    assert.deepInclude(wrapped, { side: "evaluation", set: "wrapped", prompts: 1 })
    const alone = await made([training[6]!, training[7]!])
    const turned = await made([training[7]!, training[6]!])
    assert.match(alone[0].sha256, /^[0-9a-f]{64}$/)
    assert.strictEqual(alone[0].sha256, turned[0].sha256)
    assert.notStrictEqual(alone[0].sha256, train.sha256)
  })
})
