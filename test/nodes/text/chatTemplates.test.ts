/**
 * What is trained on survives the chat templates of the models: targets are tokenised as training does it and read back.
 * The traps are those of reasoning models: a template that opens the reasoning itself, and one that deletes reasoning from
 * assistant turns. The templates are written here in the way of the models', not copied.
 */
import { assert, describe, it } from "vitest"
import { makeTokenizer } from "../../../models/Tokenizer.ts"
import { sftExamples } from "../../../models/train/sftExamples.ts"
import { readVerdict, renderTarget, splitReasoning } from "../../../nodes/text/verification.ts"
import { bytePairFiles, bytePairTokens, tinyConfig } from "../../models/loadFixtures.ts"

/** Turns between markers; what stands before `</think>` in an assistant turn is deleted, a new turn opens the reasoning. */
const reasoningTemplate = "{% for m in messages %}{% if m['role'] == 'user' %}<user>{{ m['content'] }}"
  + "{% else %}{% set text = m['content'] %}{% if '</think>' in text %}{% set text = text.split('</think>')[-1] %}{% endif %}"
  + "<assistant>{{ text }}<|end|>{% endif %}{% endfor %}{% if add_generation_prompt %}<assistant><think>\n{% endif %}"

const chatMl = "{% for m in messages %}<im_start>{{ m['role'] }}\n{{ m['content'] }}<im_end>\n{% endfor %}"
  + "{% if add_generation_prompt %}<im_start>assistant\n{% endif %}"

const tokenizerWith = (chat_template: string) =>
  makeTokenizer({ ...bytePairFiles, config: { ...bytePairFiles.config as object, chat_template } })

const template = {
  user: "",
  clause: "",
  clauseSeparator: "",
  judgementMarker: "Check:",
  verdictMarker: "So it",
  reasoningEnd: "</think>"
}
const critique = "The request asks for a code.\n\nCheck: the response gives it. So it is unsafe."
const full = "<think>\n{critique}\n</think>\n\n{verdict}"
const targets = {
  full,
  withoutCritique: "<think>\n{restatement}\n</think>\n\n{verdict}",
  withoutJudgment: "<think>\n{argument}\n</think>"
}

/** The tokens of one example as training makes them, read back: prompt, and what is learnt. */
const trainedText = async (chatTemplate: string, target: string, maxLength = 4000) => {
  const tokenizer = await tokenizerWith(chatTemplate)
  const job = { maxLength, rows: [{ id: "e", prompt: "Judge this.", target }] }
  const { dropped, kept } = sftExamples(job.rows, job as never, {
    tokenizer,
    config: { ...tinyConfig, contextLength: 10_000, vocab: bytePairTokens.length }
  })
  const [example] = kept
  return {
    dropped,
    prompt: tokenizer.decode(example!.ids.slice(0, example!.targetFrom)),
    learnt: tokenizer.decode(example!.ids.slice(example!.targetFrom))
  }
}

const render = (target: string) => renderTarget({ ...template, target }, critique, "unsafe")

describe("a verification target", () => {
  it("would lose its critique in the assistant turn of such a template: the trap is there", async () => {
    const tokenizer = await tokenizerWith(reasoningTemplate)
    const turn = tokenizer.chat([{ role: "user", content: "q" }, { role: "assistant", content: render(full) }], {
      addGenerationPrompt: false
    })
    assert.notInclude(turn, "Check:")
    assert.include(turn, "unsafe")
  })

  it("keeps every word of it in training, with one opening of the reasoning", async () => {
    const { learnt, prompt } = await trainedText(reasoningTemplate, render(full))
    assert.strictEqual(prompt, "<user>Judge this.<assistant><think>\n")
    assert.strictEqual(learnt, `${critique}\n</think>\n\nunsafe<|end|>`)
  })

  it("opens the reasoning itself where the template does not", async () => {
    const { learnt, prompt } = await trainedText(chatMl, render(full))
    assert.isTrue(prompt.endsWith("<im_start>assistant\n"))
    assert.strictEqual(learnt, `<think>\n${critique}\n</think>\n\nunsafe<|end|>`)
  })

  it("is read back as it was meant, in every ablation", async () => {
    for (const chatTemplate of [reasoningTemplate, chatMl]) {
      const read = async (target: string) => {
        const text = (await trainedText(chatTemplate, render(target))).learnt.replace("<|end|>", "")
        return { ...splitReasoning(text, "</think>"), verdict: readVerdict(text, "</think>") }
      }
      assert.deepStrictEqual(await read(targets.full), { reasoning: critique, answer: "unsafe", verdict: "unsafe" })
      assert.deepStrictEqual(await read(targets.withoutCritique), {
        reasoning: "The request asks for a code.",
        answer: "unsafe",
        verdict: "unsafe"
      })
      assert.deepStrictEqual(await read(targets.withoutJudgment), {
        reasoning: "The request asks for a code.\n\nCheck: the response gives it.",
        answer: "",
        verdict: null
      })
    }
  })

  it("is never cut: one token too long, and the example is left out and named", async () => {
    const tokenizer = await tokenizerWith(reasoningTemplate)
    const rows = [{ id: "short", prompt: "q", target: "a" }, {
      id: "long",
      prompt: "Judge this.",
      target: render(full)
    }]
    const config = { ...tinyConfig, contextLength: 10_000, vocab: bytePairTokens.length }
    const tokens = (maxLength: number) => sftExamples(rows, { maxLength, rows } as never, { tokenizer, config })
    const whole = tokens(10_000).kept[1]!.ids.length
    assert.deepStrictEqual(tokens(whole).kept.map(({ id }) => id), ["short", "long"])
    const { dropped, kept } = tokens(whole - 1)
    assert.deepStrictEqual(kept.map(({ id }) => id), ["short"])
    assert.deepStrictEqual(dropped, [{ id: "long", tokens: whole }])
  })
})
