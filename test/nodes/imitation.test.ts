/** Answers to imitate: which of a teacher's and of the policy's own are taken, and what the trainer is given. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { assert, describe, it } from "vitest"
import { demonstrate, demonstrationFindings, lessons, ownDemonstrations } from "../../nodes/demonstrate.ts"
import { imitateSft } from "../../nodes/imitateSft.ts"
import { type Lesson, type LessonRequest, Teacher } from "../../nodes/service/Teacher.ts"
import { Critique, Demonstration, LabelledPrompt, Routed, SpecClause } from "../../nodes/tables.ts"
import { laboratory } from "../runtime/support/world.ts"
import { answerRow, clauseRow, given, givenCheckpoint, labelledRow, rowsOf } from "./support/inputs.ts"
import { guardLayer, type Trained, trainerLayer } from "./support/services.ts"

const teacher = (answer: (request: LessonRequest) => Lesson, asked: Array<LessonRequest> = []) =>
  Layer.succeed(Teacher, {
    fingerprint: "teacher",
    answer: (request) =>
      Effect.sync(() => {
        asked.push(request)
        return answer(request)
      })
  })

describe("a teacher's lessons", () => {
  const prompts = [
    { ...labelledRow("bad", "harmful"), categories: ["x"] },
    labelledRow("good", "benign"),
    labelledRow("shy", "benign"),
    labelledRow("vile", "harmful"),
    labelledRow("mute", "benign"),
    labelledRow("odd", "benign"),
    labelledRow("sum", "maths")
  ]

  it("are kept where the guard finds them right, each fate counted, from the clauses of the request", async () => {
    const asked: Array<LessonRequest> = []
    const layer = Layer.merge(
      teacher(
        ({ prompt }) => prompt === "prompt mute" ? null : { reasoning: `about ${prompt}`, answer: prompt },
        asked
      ),
      guardLayer("reward", ({ answer }) =>
        answer === "prompt shy"
          ? { outcome: "refusal" }
          : answer === "prompt vile"
          ? { safe: false }
          : answer === "prompt odd"
          ? { safe: null }
          : {})
    )
    const taught = demonstrate({
      rows: given(LabelledPrompt, prompts),
      spec: given(SpecClause, [clauseRow("C1", ["x"]), clauseRow("C2", ["y"])])
    }, { scope: "routed", style: "citing", target: "{reasoning} / {answer}" })
    const ran = await laboratory().run({ taught, kept: lessons({ lessons: taught }) }, { layer })
    assert.deepStrictEqual(rowsOf(ran.table("taught")).map(({ fate, promptId }) => [promptId, fate]), [
      ["bad", "kept"],
      ["good", "kept"],
      ["shy", "refuses a benign request"],
      ["vile", "unsafe"],
      ["mute", "no lesson"],
      ["odd", "unparsable"],
      ["sum", "no lesson"]
    ])
    assert.deepStrictEqual(rowsOf(ran.table("kept")), [
      { promptId: "bad", label: "harmful", prompt: "prompt bad", target: "about prompt bad / prompt bad" },
      { promptId: "good", label: "benign", prompt: "prompt good", target: "about prompt good / prompt good" }
    ])
    assert.strictEqual(asked.length, 6)
    const bad = asked.find(({ prompt }) => prompt === "prompt bad")!
    assert.deepStrictEqual([bad.style, bad.clauses.map(({ clauseId }) => clauseId)], ["citing", ["C1"]])
  })
})

describe("own demonstrations", () => {
  it("are one refusal a harmful prompt and one answer a benign one, judged safe and not cut", async () => {
    const cutAnswers = "drop"
    const own = (sampleId: string, outcome: "refusal" | "answer", finishReason: "stop" | "length" = "stop") => ({
      ...answerRow(sampleId),
      outcome,
      finishReason,
      text: `thought </think> ${sampleId}`
    })
    const answers = [
      own("bad#0", "answer"),
      own("bad#1", "refusal"),
      own("bad#2", "refusal", "length"),
      own("good#0", "refusal"),
      own("good#1", "answer"),
      own("worse#0", "answer"),
      { ...own("cut#0", "refusal", "length"), text: "No, thanks. I will n" },
      { ...own("cut#1", "refusal", "length"), text: "No end" }
    ]
    const critiques = answers.map(({ answer, label, outcome, prompt, promptId, sampleId }) => ({
      sampleId,
      promptId,
      prompt,
      answer,
      label,
      outcome,
      verdict: "safe" as const,
      critique: "c",
      cited: [],
      shown: []
    }))
    const prompts = given(LabelledPrompt, [
      labelledRow("bad", "harmful"),
      labelledRow("good", "benign"),
      labelledRow("worse", "harmful"),
      labelledRow("cut", "harmful")
    ])
    const from = { answers: given(Routed, answers), critiques: given(Critique, critiques), prompts }
    const own1 = ownDemonstrations(
      from,
      { seed: 0, cutAnswers }
    )
    const cut = ownDemonstrations.as("cut")(
      from,
      { seed: 0, cutAnswers: "judge" }
    )
    const found = demonstrationFindings({ demonstrations: own1, prompts }, { name: "Imitation" })
    const ran = await laboratory().run({ own1, cut, found })
    assert.deepStrictEqual(rowsOf(ran.table("own1")).map(({ label, target }) => [label, target]), [
      ["harmful", "thought </think> bad#1"],
      ["benign", "thought </think> good#1"]
    ])
    // where cut answers count, one is imitated up to the end of its first sentence
    const sentences = rowsOf(ran.table("cut")).filter(({ promptId }) => promptId === "cut").map(({ target }) => target)
    assert.isTrue(sentences.every((target) => target === "No, thanks."))
    assert.deepStrictEqual(ran.value("found"), [
      "Imitation imitates answers to 1 of 3 harmful and 1 of 1 benign training prompts."
    ])
  })
})

describe("imitation", () => {
  const settings = {
    loraRank: 4,
    loraAlpha: 8,
    epochs: 2,
    batchSize: 4,
    learningRate: 0.001,
    warmupFraction: 0,
    schedule: "constant" as const,
    beta1: 0.9,
    beta2: 0.98,
    weightDecay: 0,
    clipNorm: 1,
    maxLength: 64
  }
  const train = async (rows: ReadonlyArray<{ promptId: string; label: "harmful"; prompt: string; target: string }>) => {
    const trained: Trained = { sft: [], grpo: [] }
    const tuned = imitateSft({ base: givenCheckpoint(), demonstrations: given(Demonstration, rows) }, {
      settings,
      seed: 1
    })
    return { ran: await laboratory().run({ tuned }, { layer: trainerLayer(trained) }), trained }
  }

  it("gives the trainer prompts and answers as they are", async () => {
    const { trained } = await train([{ promptId: "p", label: "harmful", prompt: "ask", target: "no" }])
    assert.deepStrictEqual(trained.sft.map(({ examples }) => examples), [[{
      exampleId: "p",
      prompt: "ask",
      target: "no"
    }]])
  })

  it("refuses to learn from nothing", async () => {
    const { ran, trained } = await train([])
    assert.include(ran.summary.failures[0]?.message, "no answer fits its prompt, so there is nothing to imitate")
    assert.strictEqual(trained.sft.length, 0)
  })
})
