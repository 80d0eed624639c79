/** Draws: which rows there are, which of them are drawn again, their seeds, and what is kept of an answer. */
import { assert, describe, it } from "vitest"
import { rollout } from "../../nodes/rollout.ts"
import { sample } from "../../nodes/sample.ts"
import type { Answer, SampleRequest } from "../../nodes/service/Sampler.ts"
import { Prompt } from "../../nodes/tables.ts"
import { laboratory } from "../runtime/support/world.ts"
import { given, givenCheckpoint, type PromptRow, promptRow, rowsOf } from "./support/inputs.ts"
import { samplerLayer } from "./support/services.ts"

const sampling = { temperature: 1, topP: 1, topK: 0, maxNewTokens: 16 }
const two = [promptRow("a", { reference: "7", family: "nested" }), promptRow("b", { label: "benign" })]

interface Draws {
  readonly prompts?: ReadonlyArray<PromptRow>
  readonly perPrompt?: number
  readonly temperature?: number
  readonly seed?: number
  readonly system?: string
  readonly reasoningEnd?: string
  readonly reply?: (request: SampleRequest) => Partial<Answer>
}

const draw = async (draws: Draws = {}, lab = laboratory()) => {
  const { perPrompt = 8, prompts = two, reasoningEnd = "", reply = () => ({}), seed = 1, system = "" } = draws
  const asked: Array<SampleRequest> = []
  const rollouts = rollout(
    {
      rows: sample({ prompts: given(Prompt, prompts) }, { perPrompt, perMathsPrompt: perPrompt }),
      policy: givenCheckpoint()
    },
    { sampling: { ...sampling, temperature: draws.temperature ?? 1 }, system, reasoningEnd, seed }
  )
  const ran = await lab.run({ rollouts }, { layer: samplerLayer(reply, asked) })
  return { asked, rows: rowsOf(ran.table("rollouts")) }
}

/** The seed of every draw: the fake sampler answers with it. */
const seeds = async (draws: Draws, lab = laboratory()) => {
  const { rows } = await draw({ ...draws, reply: ({ seed }) => ({ text: String(seed) }) }, lab)
  return Object.fromEntries(rows.map(({ answer, sampleId }) => [sampleId as string, Number(answer)]))
}

describe("samples", () => {
  it("are prompts × index, with the columns of the prompt", async () => {
    const samples = sample({ prompts: given(Prompt, two) }, { perPrompt: 3, perMathsPrompt: 3 })
    const rows = rowsOf((await laboratory().run({ samples })).table("samples"))
    assert.deepStrictEqual(rows.map(({ sampleId, sampleIndex }) => [sampleId, sampleIndex]), [
      ["a#0", 0],
      ["a#1", 1],
      ["a#2", 2],
      ["b#0", 0],
      ["b#1", 1],
      ["b#2", 2]
    ])
    assert.deepStrictEqual(rows[2], { sampleId: "a#2", sampleIndex: 2, ...two[0] })
  })
})

describe("draws", () => {
  it("16 instead of 8 are the 8 missing ones of each prompt", async () => {
    const lab = laboratory()
    const first = await draw({ perPrompt: 8 }, lab)
    assert.strictEqual(first.asked.length, 16)
    const second = await draw({ perPrompt: 16 }, lab)
    assert.strictEqual(second.rows.length, 32)
    assert.strictEqual(second.asked.length, 16)
    const known = new Set(first.asked.map(({ seed }) => seed))
    assert.isFalse(second.asked.some(({ seed }) => known.has(seed)))
    assert.strictEqual((await draw({ perPrompt: 8 }, lab)).asked.length, 0)
  })

  it("have seeds of their own that neither other prompts nor their order change", async () => {
    const both = await seeds({ perPrompt: 4 })
    assert.strictEqual(new Set(Object.values(both)).size, 8)
    const { "b#0": b0, "b#1": b1, "b#2": b2, "b#3": b3 } = both
    const more = [promptRow("b", { label: "benign" }), promptRow("z")]
    const { "b#0": c0, "b#1": c1, "b#2": c2, "b#3": c3 } = await seeds({ perPrompt: 4, prompts: more })
    assert.deepStrictEqual([c0, c1, c2, c3], [b0, b1, b2, b3])
  })

  it("are another population at another temperature or run seed, and the first one is still there", async () => {
    const lab = laboratory()
    const first = await seeds({ perPrompt: 2 }, lab)
    for (const other of [{ temperature: 0.7 }, { seed: 2 }]) {
      const drawn = await seeds({ perPrompt: 2, ...other }, lab)
      for (const id of Object.keys(first)) assert.notStrictEqual(drawn[id], first[id])
    }
    assert.strictEqual((await draw({ perPrompt: 2 }, lab)).asked.length, 0)
  })

  it("ask with the policy, the sampling settings, and a system turn only where one is set", async () => {
    const [bare] = (await draw({ perPrompt: 1, prompts: [two[0]!], temperature: 0.5 })).asked
    assert.deepStrictEqual(bare!.messages, [{ role: "user", content: "prompt a" }])
    assert.deepStrictEqual(bare!.sampling, { ...sampling, temperature: 0.5 })
    assert.strictEqual(bare!.policy.kind, "checkpoint")
    const [led] = (await draw({ perPrompt: 1, prompts: [two[0]!], system: "Be brief." })).asked
    assert.deepStrictEqual(led!.messages, [
      { role: "system", content: "Be brief." },
      { role: "user", content: "prompt a" }
    ])
  })
})

describe("an answer", () => {
  it("is split from its reasoning and kept with what the sampler said of it", async () => {
    const { rows } = await draw({
      perPrompt: 1,
      prompts: [two[0]!],
      reasoningEnd: "</think>",
      reply: () => ({ text: "<think>why</think>\n\nbecause", completionTokens: 9, logprob: -2.5 })
    })
    const { source: _, ...prompt } = two[0]!
    assert.deepStrictEqual(rows, [{
      sampleId: "a#0",
      sampleIndex: 0,
      ...prompt,
      text: "<think>why</think>\n\nbecause",
      reasoning: "why",
      answer: "because",
      finishReason: "stop",
      completionTokens: 9,
      logprob: -2.5
    }])
  })

  it("is empty where the reasoning never ended", async () => {
    const reply = () => ({ text: "<think>why and why", finishReason: "length" as const })
    const { rows: [row] } = await draw({ perPrompt: 1, prompts: [two[0]!], reasoningEnd: "</think>", reply })
    assert.deepStrictEqual([row.reasoning, row.answer, row.finishReason], ["why and why", "", "length"])
  })
})
