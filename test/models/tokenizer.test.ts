/** Tokenizers: ids worked by hand, round trips, control tokens, chats, and the rebuilding from GGUF metadata. */
import { assert, describe, it } from "vitest"
import type { GgufHeader } from "../../models/load/gguf.ts"
import { ggufTokenizerFiles } from "../../models/load/ggufTokenizer.ts"
import { ChatNotRendered, makeTokenizer, UnknownWord } from "../../models/Tokenizer.ts"
import { makeRandom } from "../../models/sample/Random.ts"
import { bytePairFiles, bytePairTokens, ggufMetadata, tinyConfig, tinyWords } from "./loadFixtures.ts"

const id = (token: string) => bytePairTokens.indexOf(token)

const thrown = (run: () => unknown): Error => {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  return assert.fail("it should have failed")
}

const header = (change: { readonly [key: string]: unknown } = {}): GgufHeader => ({
  path: "model.gguf",
  metadata: { ...ggufMetadata({ ...tinyConfig, vocab: bytePairTokens.length }), ...change },
  tensors: new Map()
})

const samples = [
  "",
  "hello hello",
  "hellohe ll",
  "12 345 ½ Ⅷ ٣٤",
  "naïve 日本語 👩‍👩‍👧",
  "  if x:\n\treturn\r\n\n\n",
  "a<|end|>b<|turn|> <|end|><|e",
  "\u0000\u007f\u00ad"
]

describe("byte-level BPE", () => {
  it("merges, cuts digits apart and puts spaces in front of words", async () => {
    const tokenizer = await makeTokenizer(bytePairFiles)
    assert.deepStrictEqual(tokenizer.encode("hello hello"), [id("hello"), id("Ġhello")])
    assert.deepStrictEqual(tokenizer.encode("hellohe"), [id("hello"), id("he")])
    assert.deepStrictEqual(tokenizer.encode("12"), [id("1"), id("2")])
    // é is the bytes c3 a9, which stand for themselves
    assert.deepStrictEqual(tokenizer.encode("é"), [id("Ã"), id("©")])
    assert.deepStrictEqual(tokenizer.encode("he<|end|>"), [id("he"), 0])
    assert.deepStrictEqual([tokenizer.endIds, tokenizer.padId, tokenizer.vocab], [[0], 1, bytePairTokens.length])
    assert.deepStrictEqual([tokenizer.tokenId("hell"), tokenizer.tokenId("nope")], [id("hell"), undefined])
  })

  it("decodes what it encoded", async () => {
    const tokenizer = await makeTokenizer(bytePairFiles)
    const random = makeRandom(1)
    const alphabet = [..."helo 1\n.é日👧"]
    const noise = Array.from(
      { length: 50 },
      () => Array.from({ length: 20 }, () => alphabet[Math.floor(random.uniform() * alphabet.length)]!).join("")
    )
    for (const text of [...samples, ...noise]) assert.strictEqual(tokenizer.decode(tokenizer.encode(text)), text)
  })

  it("is the same when rebuilt from GGUF metadata", async () => {
    const original = await makeTokenizer(bytePairFiles)
    const rebuilt = await makeTokenizer(ggufTokenizerFiles(header()))
    for (const text of samples) assert.deepStrictEqual(rebuilt.encode(text), original.encode(text), text)
    const messages = [{ role: "user", content: "hello" }]
    assert.strictEqual(rebuilt.chat(messages), original.chat(messages))
    assert.deepStrictEqual([rebuilt.endIds, rebuilt.padId, rebuilt.vocab], [[0], 1, bytePairTokens.length])
  })

  it("takes the end-of-turn token of a GGUF file as an end, too", async () => {
    const files = ggufTokenizerFiles(header({ "tokenizer.ggml.eot_token_id": 1 }))
    assert.deepStrictEqual((await makeTokenizer(files)).endIds, [0, 1])
  })

  it("cuts as Qwen2 does when the GGUF file says so", async () => {
    const tokenizer = await makeTokenizer(ggufTokenizerFiles(header({ "tokenizer.ggml.pre": "qwen2" })))
    assert.deepStrictEqual(tokenizer.encode(" hello12"), [id("Ġhello"), id("1"), id("2")])
    assert.deepStrictEqual(tokenizer.encode("-hello"), [id("-"), id("hello")])
    // e and a combining acute are composed first
    assert.deepStrictEqual(tokenizer.encode("e\u0301"), [id("Ã"), id("©")])
  })

  it("cuts as Llama 3 does when the GGUF file says so: up to three digits, whole tokens before merges", async () => {
    const change = {
      "tokenizer.ggml.pre": "llama-bpe",
      "tokenizer.ggml.tokens": [...bytePairTokens, "123", "1234", "lo"]
    }
    const tokenizer = await makeTokenizer(ggufTokenizerFiles(header(change)))
    const added = bytePairTokens.length
    // no merge makes 123, and 1234 is never one piece
    assert.deepStrictEqual(tokenizer.encode("1234"), [added, id("4")])
    assert.deepStrictEqual(tokenizer.encode("lo hello"), [added + 2, id("Ġhello")])
    assert.deepStrictEqual(tokenizer.encode("e\u0301"), [id("e"), id("Ì"), id("ģ")])
  })

  it("cuts by GPT-2's pattern alone when the GGUF file says so", async () => {
    const change = {
      "tokenizer.ggml.pre": "gpt-2",
      "tokenizer.ggml.tokens": [...bytePairTokens, "12"],
      "tokenizer.ggml.merges": ["1 2"]
    }
    const tokenizer = await makeTokenizer(ggufTokenizerFiles(header(change)))
    assert.deepStrictEqual(tokenizer.encode("12a"), [bytePairTokens.length, id("a")])
  })

  it("names what it cannot rebuild", () => {
    assert.include(
      thrown(() => ggufTokenizerFiles(header({ "tokenizer.ggml.model": "llama" }))).message,
      "its model is \"llama\""
    )
    assert.include(
      thrown(() => ggufTokenizerFiles(header({ "tokenizer.ggml.pre": "grok" }))).message,
      "pre-tokenizer \"grok\""
    )
    assert.include(
      thrown(() => ggufTokenizerFiles(header({ "tokenizer.ggml.merges": undefined }))).message,
      "no merges"
    )
  })
})

describe("word level", () => {
  it("splits at white space; a word's id is its place", async () => {
    const tokenizer = await makeTokenizer(tinyWords)
    assert.deepStrictEqual(tokenizer.encode(" w0 w35\n<end>  "), [3, 38, 39])
    assert.strictEqual(tokenizer.decode([3, 38, 39]), "w0 w35 <end>")
    assert.deepStrictEqual([tokenizer.encode(""), tokenizer.decode([])], [[], ""])
    assert.deepStrictEqual([tokenizer.endIds, tokenizer.padId, tokenizer.vocab], [[39], 0, 40])
  })

  it("names a word it does not know", async () => {
    const tokenizer = await makeTokenizer(tinyWords)
    const error = thrown(() => tokenizer.encode("w1 nonsense w2"))
    assert.instanceOf(error, UnknownWord)
    assert.include(error.message, "\"nonsense\" is not in the vocabulary (in \"w1 nonsense w2\")")
  })
})

describe("chat", () => {
  it("lets the template decide: a default system turn, end tokens, the generation prompt", async () => {
    const tokenizer = await makeTokenizer(bytePairFiles)
    const user = { role: "user", content: "hello" }
    assert.strictEqual(
      tokenizer.chat([user], { addGenerationPrompt: true }),
      "<|turn|>system be kind<|end|><|turn|>user hello<|end|><|turn|>assistant "
    )
    assert.strictEqual(
      tokenizer.chat([{ role: "system", content: "" }, user], { addGenerationPrompt: false }),
      "<|turn|>system <|end|><|turn|>user hello<|end|>"
    )
  })

  it("fails only when a chat is rendered if the template is damaged", async () => {
    const files = { ...tinyWords, config: { ...tinyWords.config, chat_template: "{% if %}" } }
    const tokenizer = await makeTokenizer(files)
    assert.deepStrictEqual(tokenizer.encode("w1"), [4])
    const error = thrown(() => tokenizer.chat([]))
    assert.instanceOf(error, ChatNotRendered)
    assert.include(error.message, "does not parse")
  })

  it("fails when there is no template, and with the template's own words when it refuses", async () => {
    const without = await makeTokenizer({ ...bytePairFiles, config: {} })
    assert.instanceOf(thrown(() => without.chat([])), ChatNotRendered)
    const config = { chat_template: "{{ raise_exception('roles must alternate') }}" }
    const refusing = await makeTokenizer({ ...bytePairFiles, config })
    assert.include(thrown(() => refusing.chat([])).message, "roles must alternate")
  })

  it("takes the template named default of several", async () => {
    const config = { chat_template: [{ name: "tools", template: "tools" }, { name: "default", template: "plain" }] }
    assert.strictEqual((await makeTokenizer({ ...bytePairFiles, config })).chat([]), "plain")
  })
})
