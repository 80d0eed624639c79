/** Published layouts: what is read from them, and what their licences forbid. Rows are made up; only column names are theirs. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { loadPromptFile } from "../../../nodes/inputs/filePromptSet.ts"
import { publishedSet, publishedSets } from "../../../nodes/inputs/publishedSets.ts"

const content = (name: string, text: string) => ({ name, bytes: new TextEncoder().encode(text) })
const query = { set: "s", limit: 10, seed: 0 }

const refusal = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as Error).message
  }
  return assert.fail("it was accepted")
}

describe("published sets", () => {
  it.effect("read words of their own as labels, and leave out rows of other kinds", () =>
    Effect.gen(function*() {
      const wild = content(
        "eval.jsonl",
        [["one", "adversarial_harmful"], ["two", "adversarial_benign"], ["three", "vanilla_harmful"]]
          .map(([adversarial, data_type]) => JSON.stringify({ adversarial, data_type })).join("\n")
      )
      const rows = yield* loadPromptFile(wild, publishedSets.wildJailbreak.columns, query)
      assert.deepStrictEqual(rows.map(({ label, prompt }) => [prompt, label]).sort(), [["one", "harmful"], [
        "two",
        "benign"
      ]])
      const xs = content("xstest.csv", "prompt,type,label\nhello,greeting,safe\nbad,crime,unsafe\n")
      const [only, ...others] = yield* loadPromptFile(xs, publishedSets.xsTestSafe.columns, query)
      assert.deepInclude(only, { prompt: "hello", label: "benign", topic: "greeting" })
      assert.deepStrictEqual(others, [])
    }))

  it.effect("read nested cells, and ask for the box that is rewarded instead of another form", () =>
    Effect.gen(function*() {
      const { columns } = publishedSets.dapoMath
      const asked = `${columns.without[0]}\n\nWhat is 1 + 1?\n\n${columns.without[1]}`
      const dapo = content(
        "dapo.jsonl",
        JSON.stringify({ prompt: [{ role: "user", content: asked }], reward_model: { ground_truth: "2" } })
      )
      const [row] = yield* loadPromptFile(dapo, columns, query)
      assert.deepInclude(row, {
        prompt: "What is 1 + 1?\n\nPut the final answer in \\boxed{}.",
        label: "maths",
        reference: "2"
      })
    }))

  it.effect("of another layout are refused with the columns they have", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        loadPromptFile(content("x.csv", "text,kind\na,b\n"), publishedSets.fortress.columns, query)
      )
      assert.include(error.message, "it has no column \"adversarial_prompt\"")
      assert.include(error.message, "it has text, kind")
    }))

  it("are refused for a use their licence forbids, and until their terms are accepted", () => {
    const accepted = { acceptLicence: true }
    assert.include(
      refusal(() => publishedSet("fortress", "f.parquet", { use: "training", ...accepted })),
      "it may not be used for training: CC-BY-4.0; its card: safety evaluation only"
    )
    assert.include(
      refusal(() => publishedSet("wildJailbreak", "w.parquet", { use: "evaluation" })),
      "its terms are not accepted: ODC-BY"
    )
    assert.deepStrictEqual(publishedSet("wildJailbreak", "w.parquet", { use: "evaluation", ...accepted }), {
      file: "w.parquet",
      columns: publishedSets.wildJailbreak.columns
    })
    assert.strictEqual(publishedSet("strongReject", "s.csv", { use: "training" }).file, "s.csv")
  })
})
