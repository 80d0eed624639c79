/** What a row becomes: template, reasoning, end token; with the traps of templates that handle reasoning themselves. */
import { assert, describe, it } from "vitest"
import { makeTokenizer, wordLevelFiles } from "../../../models/Tokenizer.ts"
import { sftExamples } from "../../../models/train/sftExamples.ts"
import { sftJob } from "./trainingFixture.ts"
import { tinyConfig } from "./tinyModel.ts"

/** As R1's distilled models have it: reasoning is cut from assistant turns, and a prompt ends in an opened one. */
const reasoningTemplate = "{% for m in messages %}{% if m.role == 'assistant' %}" +
  "{{ '<answer> ' + m.content.split('</think>')[-1] }}{% else %}{{ '<user> ' + m.content + ' ' }}{% endif %}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<answer> <think>\\n' }}{% endif %}"
const words = ["<pad>", "<end>", "<user>", "<answer>", "<think>", "</think>", "why", "because", "yes"]

const examples = async (target: string, raw = false) => {
  const files = wordLevelFiles({ words, endToken: "<end>", padToken: "<pad>", chatTemplate: reasoningTemplate })
  const tokenizer = await makeTokenizer(files)
  const job = sftJob("base", { rows: [{ prompt: raw ? "<user> why" : "why", target }], raw })
  const { kept } = sftExamples(job.rows, job, { config: tinyConfig, tokenizer })
  const { ids, targetFrom } = kept[0]!
  return [tokenizer.decode(ids.slice(0, targetFrom)), tokenizer.decode(ids.slice(targetFrom))]
}

describe("sftExamples", () => {
  it("keeps reasoning that the template would cut out of an assistant's turn", async () => {
    assert.deepStrictEqual(await examples("because </think> yes"), [
      "<user> why <answer> <think>",
      "because </think> yes <end>"
    ])
  })

  it("opens reasoning once, whether the target opens it or not", async () => {
    assert.deepStrictEqual(await examples("<think>\nbecause </think> yes"), await examples("because </think> yes"))
    // an empty reasoning stays one
    assert.deepStrictEqual((await examples("<think> </think> yes"))[1], "</think> yes <end>")
  })

  it("takes raw rows as they are", async () => {
    assert.deepStrictEqual(await examples("<think> because </think> yes <end>", true), [
      "<user> why",
      "<think> because </think> yes <end>"
    ])
  })
})
