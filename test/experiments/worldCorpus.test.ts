/**
 * The base model's corpus and its words: habits as frequent as stated, texts exactly those that the chat template and
 * the configured strings of verification produce, and a committed base that speaks this vocabulary.
 */
import * as Result from "effect/Result"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseSpec } from "../../nodes/text/parseSpec.ts"
import { assert, describe, it } from "vitest"
import { baseConfig } from "../../experiments/world/base.ts"
import * as Corpus from "../../experiments/world/corpus.ts"
import * as Grammar from "../../experiments/world/grammar.ts"
import { makeRandom } from "../../experiments/world/random.ts"
import { critiqueByRule } from "../../experiments/world/rules.ts"
import { tokenizerFiles, vocabulary } from "../../experiments/world/vocabulary.ts"
import { openCheckpoint } from "../../models/Checkpoint.ts"
import { parameterShapes } from "../../models/Llama.ts"
import { makeTokenizer } from "../../models/Tokenizer.ts"
import golden from "./golden/world.json" with { type: "json" }

const random = makeRandom("test/corpus")
const documents = Array.from({ length: 40_000 }, () => Corpus.baseDocument(random))

const conversations = documents.flatMap(({ prefix, target }) => {
  const asked = Grammar.parseRequest(prefix.replace(/^<u> /, "").replace(/ <a>$/, ""))
  if (asked === null) return []
  return [{ asked, target, hidden: Grammar.groupOf(asked)!.clauseId !== null }]
})

const verifications = documents.flatMap(({ prefix, target }) => {
  const found = /<x> (.*) <y> (.*) <judge> <a>$/.exec(prefix)
  if (found === null) return []
  const asked = Grammar.parseRequest(found[1]!)!
  return [{ asked, answer: found[2]!, target, hidden: Grammar.groupOf(asked)!.clauseId !== null }]
})

/** Share of `rows` for which `holds`, within four standard deviations of `expected`. */
const assertRate = <A>(rows: ReadonlyArray<A>, holds: (row: A) => boolean, expected: number) => {
  const slack = 4 * Math.sqrt(expected * (1 - expected) / rows.length)
  assert.isBelow(slack, 0.1, "too few documents to say anything")
  assert.closeTo(rows.filter(holds).length / rows.length, expected, slack)
}

const checks = (row: { readonly target: string }) => row.target.includes("check :")
const unsafe = (row: { readonly target: string }) => row.target.includes("verdict unsafe ;")
const rule = (row: { readonly target: string }) => /; rule (\S+) ;/.exec(row.target)![1]!

describe("baseDocument", () => {
  it("mixes the kinds of documents in the stated shares", () => {
    assertRate(documents, ({ target }) => target.includes(" is ") && /\d$/.test(target), 0.14)
    assertRate(documents, ({ target }) => target.startsWith("note :"), 0.06)
    assertRate(documents, ({ prefix }) => prefix.includes("<judge>"), 0.2)
    assert.isAbove(conversations.length, 22_000)
    assertRate(conversations, (row) => row.hidden, 0.5)
    for (const wrapper of Grammar.wrappers) assertRate(conversations, (row) => row.asked.wrapper === wrapper, 1 / 7)
  })

  it("refuses at once by wrapper, and public requests hardly ever", () => {
    const atOnce = (row: { readonly target: string }) => row.target.includes("answer sorry ;")
    const hidden = conversations.filter((row) => row.hidden)
    assertRate(hidden.filter((row) => row.asked.wrapper === "plain"), atOnce, 0.45)
    assertRate(hidden.filter((row) => row.asked.wrapper === "role"), atOnce, 0.3)
    assertRate(hidden.filter((row) => !["plain", "role"].includes(row.asked.wrapper)), atOnce, 0.12)
    assertRate(conversations.filter((row) => !row.hidden), atOnce, 0.04)
  })

  it("checks itself seldom, and obeys its verdict", () => {
    assertRate(conversations.filter((row) => row.asked.wrapper === "plain"), checks, 0.2)
    assertRate(conversations.filter((row) => row.asked.wrapper !== "plain"), checks, 0.14)
    for (const { asked, target } of conversations) {
      const refuses = target.endsWith(`</think> ${Grammar.refusal}`)
      const value = Grammar.fact(asked, asked.name)
      assert.strictEqual(refuses, target.includes("answer sorry ;") || unsafe({ target }), target)
      if (!refuses) assert.isTrue(target.endsWith(`</think> ${Grammar.statement(asked, asked.name, value)}`), target)
    }
  })

  it("judges with an unreliable rule and verdict, and the right group", () => {
    const told = (row: typeof verifications[number]) => row.answer !== Grammar.refusal
    assertRate(verifications, told, 0.65)
    assertRate(verifications, (row) => row.target.startsWith("<think> </think>"), 0.3)
    assertRate(verifications, checks, 0.7 * 0.35)
    const checked = verifications.filter(checks)
    const forbidden = checked.filter((row) => row.hidden && told(row))
    assertRate(forbidden, (row) => rule(row) === Grammar.groupOf(row.asked)!.clauseId, 0.5)
    assertRate(checked.filter((row) => !(row.hidden && told(row))), (row) => rule(row) !== "none", 0.4)
    assertRate(checked, (row) => unsafe(row) === (rule(row) === "none"), 0.1)
    for (const row of checked) {
      assert.include(
        row.target,
        told(row) ? `group ${Grammar.groupOf(row.asked)!.group} ;` : "gives nothing ; group none ;"
      )
      assert.isTrue(row.target.endsWith(unsafe(row) ? "</think> unsafe" : "</think> safe"))
    }
  })
})

describe("the vocabulary", () => {
  it("is the reference implementation's, word for word", () => {
    assert.strictEqual(vocabulary().length, golden.vocabularySize)
    assert.strictEqual(createHash("sha256").update(vocabulary().join("\n")).digest("hex"), golden.vocabularySha256)
  })

  it("spells every document, and the document back", async () => {
    const tokenizer = await makeTokenizer(tokenizerFiles())
    for (const { prefix, target } of documents.slice(0, 2000)) {
      const text = `${prefix} ${target} <end>`
      assert.strictEqual(tokenizer.decode(tokenizer.encode(text)), text)
    }
    assert.throws(() => tokenizer.encode("what is the smell of vault amber ?"), /"smell"/)
    assert.strictEqual(tokenizer.decode(tokenizer.endIds), "<end>")
    assert.strictEqual(tokenizer.padId, 0)
  })
})

describe("the chat template", () => {
  it("renders generation and verification prompts of the reference implementation", async () => {
    const { chat } = await makeTokenizer(tokenizerFiles())
    const rendered = (content: string) => chat([{ role: "user", content }], { addGenerationPrompt: true })
    assert.strictEqual(rendered(golden.cases[0]!.prompt), golden.generationPrompt)
    for (const { answer, open, prompt, verificationPrompt } of golden.cases) {
      const specification = Corpus.deliveredSpecification.split(" . ").map((clause) =>
        open.some((id) => clause.startsWith(`${id} `)) ? clause.replace("hidden", "open") : clause
      ).join(" . ")
      // an empty answer leaves two blanks, which the tokenizer does not see
      assert.strictEqual(
        rendered(Corpus.verificationTurn(specification, prompt, answer)).replace("  ", " "),
        verificationPrompt.replace("  ", " ")
      )
    }
  })

  it("turns the configured strings of verification into those of the reference implementation", async () => {
    const { chat, encode } = await makeTokenizer(tokenizerFiles())
    const fill = (template: string, values: { readonly [name: string]: string | null }) =>
      template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "")
    for (const { answer, open, prompt, target, verdict, verificationPrompt } of golden.cases) {
      const opened: ReadonlyArray<string> = open
      const clauses = Grammar.groups.filter((group) => group.clauseId !== null).map(({ clauseId, group }) => ({
        clauseId: clauseId!,
        title: group,
        categories: [group],
        text: `${group} ${opened.includes(clauseId!) ? "open" : "hidden"}`
      }))
      const shown = clauses.map(({ clauseId, text }) => fill("{clauseId} {text} .", { clauseId, text })).join(" ")
      const content = fill("<spec> {clauses} <x> {prompt} <y> {answer} <judge>", { clauses: shown, prompt, answer })
      assert.deepStrictEqual(encode(chat([{ role: "user", content }])), encode(verificationPrompt))
      if (target === null) continue
      const { critique } = Result.getOrThrow(critiqueByRule({ clauses, prompt, answer, label: "harmful" }))
      assert.strictEqual(`${fill("{critique} </think> {verdict}", { critique, verdict })} <end>`, target)
    }
  })

  it("starts what the corpus continues", async () => {
    const { chat } = await makeTokenizer(tokenizerFiles())
    const { prefix, target } = documents.find((document) => document.prefix.includes("<judge>"))!
    const content = prefix.replace(/^<u> /, "").replace(/ <a>$/, "")
    const whole = chat([{ role: "user", content }, { role: "assistant", content: target.replace(/^<think> /, "") }], {
      addGenerationPrompt: false
    })
    assert.strictEqual(whole, `${prefix} ${target} <end>`)
    assert.isTrue(whole.startsWith(chat([{ role: "user", content }])))
  })

  it("refuses a system turn", async () => {
    const { chat } = await makeTokenizer(tokenizerFiles())
    assert.throws(
      () => chat([{ role: "system", content: "be kind" }, { role: "user", content: "hi" }]),
      /user turns only/
    )
  })
})

describe("specs/world.md", () => {
  it("is the specification of the corpus", () => {
    const text = readFileSync(new URL("../../specs/world.md", import.meta.url), "utf8")
    const clauses = parseSpec("world.md", text)
    assert.strictEqual(
      clauses.map((clause) => `${clause.clauseId} ${clause.text} .`).join(" "),
      Corpus.deliveredSpecification
    )
    for (const clause of clauses) assert.deepStrictEqual(clause.categories, [clause.title])
  })
})

describe("the committed base", () => {
  const folder = fileURLToPath(new URL("../../experiments/world/base", import.meta.url))

  it("has the recipe's shape, the world's vocabulary and the digest its record states", async () => {
    const checkpoint = await openCheckpoint(folder)
    assert.deepStrictEqual(checkpoint.config, baseConfig())
    const parameters = [...parameterShapes(checkpoint.config).values()]
      .reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)
    assert.strictEqual(parameters, 339_936)
    const { config, tokenizer } = await checkpoint.tokenizerFiles()
    assert.deepStrictEqual({ config, tokenizer }, {
      config: tokenizerFiles().config,
      tokenizer: tokenizerFiles().tokenizer
    })
    const digest = createHash("sha256").update(readFileSync(`${folder}/model.safetensors`)).digest("hex")
    assert.include(readFileSync(`${folder}/../README.md`, "utf8"), digest)
  })
})
