/** The leaves of the pipelines: prompt sets from a source, verification items, and the specification from its file. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { loadPrompts, loadVerificationItems } from "../../nodes/loadPrompts.ts"
import { loadSpec } from "../../nodes/loadSpec.ts"
import { type PromptQuery, PromptsInvalid, PromptSource } from "../../nodes/service/PromptSource.ts"
import * as Source from "../../runtime/Source.ts"
import { laboratory } from "../runtime/support/world.ts"
import { promptRow, rowsOf } from "./support/inputs.ts"

const source = (asked: Array<PromptQuery>) =>
  Layer.succeed(PromptSource, {
    fingerprint: "source",
    load: (query) => {
      asked.push(query)
      return query.set === "unknown"
        ? Effect.fail(new PromptsInvalid({ source: "test", reason: "no set unknown", next: "known: train" }))
        : Effect.succeed(
          Array.from({ length: query.limit }, (_, i) =>
            promptRow(`${query.set}/${i}`, {
              set: query.set,
              ...(query.set === "kind" ? { label: "benign", prompt: " prompt train/0 " } : {})
            }))
        )
    },
    verificationItems: (query) => {
      asked.push(query)
      const item = { itemId: "v", prompt: "p", answer: "a", verdict: "safe" as const, topic: "t", source: query.set }
      return Effect.succeed([item])
    }
  })

describe("prompt sets", () => {
  const load = async (sets: { readonly [set: string]: number }, seed = 1) => {
    const asked: Array<PromptQuery> = []
    const ran = await laboratory().run({ prompts: loadPrompts({}, { sets, seed }) }, { layer: source(asked) })
    return { asked, ran }
  }

  it("are asked for by name and limit with one seed, and stand in one table", async () => {
    const { asked, ran } = await load({ train: 2, other: 1 })
    assert.deepStrictEqual(ran.table("prompts")["promptId"], ["train/0", "train/1", "other/0"])
    assert.deepStrictEqual(ran.table("prompts")["set"], ["train", "train", "other"])
    assert.deepStrictEqual(asked.map(({ limit, set }) => [set, limit]), [["train", 2], ["other", 1]])
    assert.strictEqual(new Set(asked.map(({ seed }) => seed)).size, 1)
    assert.notStrictEqual((await load({ train: 2 }, 2)).asked[0]!.seed, asked[0]!.seed)
  })

  it("are refused where one text is both harmful and benign, naming both places", async () => {
    const { ran } = await load({ train: 2, kind: 1 })
    const message = ran.summary.failures[0]!.message
    assert.include(
      message,
      "prompt kind/0 of set kind is benign, and the same text is harmful as prompt train/0 of set train"
    )
    assert.include(message, "give the text one label")
  })

  it("fail with what the source says of an unknown one", async () => {
    const { ran } = await load({ unknown: 1 })
    assert.include(ran.summary.failures[0]!.message, "prompts from test: no set unknown; known: train")
  })
})

describe("verification items", () => {
  it("are asked for by the name of their set and a limit", async () => {
    const asked: Array<PromptQuery> = []
    const items = loadVerificationItems({}, { set: "pairs", limit: 5, seed: 1 })
    const ran = await laboratory().run({ items }, { layer: source(asked) })
    assert.deepStrictEqual(asked.map(({ limit, set }) => [set, limit]), [["pairs", 5]])
    assert.deepStrictEqual(rowsOf(ran.table("items")), [
      { itemId: "v", prompt: "p", answer: "a", verdict: "safe", topic: "t", source: "pairs" }
    ])
  })
})

describe("a specification", () => {
  const load = (text: string) => {
    const lab = laboratory()
    const file = join(lab.root, "rules.md")
    writeFileSync(file, text)
    return lab.run({ spec: loadSpec({ file: Source.file(file) }) })
  }

  it("is read from its file, a row a clause", async () => {
    const ran = await load("# Rules\n\n## C1: one\ncategories: x\n\nFirst.\n\n## C2: two\n\nSecond.\n")
    assert.deepStrictEqual(rowsOf(ran.table("spec")), [
      { clauseId: "C1", title: "one", categories: ["x"], text: "First.", words: [], examples: [] },
      { clauseId: "C2", title: "two", categories: [], text: "Second.", words: [], examples: [] }
    ])
  })

  it("that is none fails with file and line", async () => {
    const said = await load("## C1: one\n\nFirst.\n\n## C1: two\n\nSecond.\n").then(
      (ran) => ran.summary.failures.map(({ message }) => message).join(),
      (error) => String(error.message)
    )
    assert.include(said, "rules.md:5: clause C1 is there twice")
  })
})
