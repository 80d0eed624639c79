/** Checkpoints: a saved model is the model that was saved, byte for byte again, whatever it was opened from. */
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { openCheckpoint, saveCheckpoint } from "../../models/Checkpoint.ts"
import { initialWeights, parameterShapes } from "../../models/Llama.ts"
import { writeSafetensors } from "../../models/load/safetensors.ts"
import {
  bytePairFiles,
  bytePairTokens,
  floatBytes,
  ggufBytes,
  ggufMetadata,
  ggufName,
  temporaryFolder,
  tinyConfig,
  tinyWords
} from "./loadFixtures.ts"

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(() => assert.fail("it should have failed"), (error: Error) => error)

const save = async (seed = 1) => {
  const folder = await temporaryFolder()
  const weights = initialWeights(tinyConfig, seed)
  await saveCheckpoint(folder, { config: tinyConfig, weights, dtype: "f32", tokenizerFrom: tinyWords })
  return { folder, weights }
}

describe("saveCheckpoint", () => {
  it("writes a folder that opens as the same model", async () => {
    const { folder, weights } = await save()
    const opened = await openCheckpoint(folder)
    assert.deepStrictEqual(opened.config, tinyConfig)
    assert.deepStrictEqual(await opened.weights(), weights)
    assert.strictEqual(await opened.weights(), await opened.weights(), "read once")
    const tokenizer = await opened.tokenizer()
    assert.deepStrictEqual([tokenizer.encode("w3 w4"), tokenizer.endIds, tokenizer.padId], [[6, 7], [39], 0])
    assert.strictEqual(tokenizer.chat([{ role: "user", content: "w1" }]), "<user> w1 <answer>")
  })

  it("writes equal bytes for equal models, and what servers need", async () => {
    const { folder: a } = await save()
    const { folder: b } = await save()
    const files = [
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json"
    ]
    assert.deepStrictEqual((await readdir(a)).toSorted(), files)
    for (const file of files) {
      assert.isTrue((await readFile(join(a, file))).equals(await readFile(join(b, file))), file)
    }
    const config = JSON.parse(await readFile(join(a, "config.json"), "utf8"))
    assert.deepInclude(config, { model_type: "llama", eos_token_id: 39, pad_token_id: 0, torch_dtype: "float32" })
  })

  it("takes the tokenizer of another model and halves of the weights", async () => {
    const { folder, weights } = await save()
    const half = await temporaryFolder()
    await saveCheckpoint(half, { config: tinyConfig, weights, dtype: "f16", tokenizerFrom: folder })
    assert.deepStrictEqual(await readFile(join(half, "tokenizer.json")), await readFile(join(folder, "tokenizer.json")))
    const opened = await openCheckpoint(half)
    const name = "model.layers.0.mlp.up_proj.weight"
    const halves = [...weights.get(name)!].map((value) => Math.f16round(value))
    assert.deepStrictEqual([...(await opened.weights()).get(name)!], halves)
  })
})

describe("openCheckpoint", () => {
  it("opens a GGUF file as the model it was made from; saved, it is an equal folder", async () => {
    const folder = await temporaryFolder()
    const config = { ...tinyConfig, headDim: 2, vocab: bytePairTokens.length, hidden: 8 }
    const weights = initialWeights(config, 2)
    // heads of two rows are the same in both row orders
    const tensors = new Map(
      Array.from(
        parameterShapes(config),
        ([name, shape]) => [ggufName(name), { shape, type: 0, bytes: floatBytes(weights.get(name)!) }] as const
      )
    )
    const file = join(folder, "model.gguf")
    await writeFile(file, ggufBytes(ggufMetadata(config), tensors))
    const opened = await openCheckpoint(file)
    assert.deepStrictEqual(await opened.weights(), weights)
    await saveCheckpoint(join(folder, "saved"), { config, weights, dtype: "f32", tokenizerFrom: file })
    const saved = await openCheckpoint(join(folder, "saved"))
    assert.deepStrictEqual(saved.config, config)
    const [one, other] = [await opened.tokenizer(), await saved.tokenizer()]
    const text = one.chat([{ role: "user", content: "hello 12" }])
    assert.deepStrictEqual(other.encode(text), one.encode(text))
    assert.deepStrictEqual([other.endIds, other.padId], [one.endIds, one.padId])
    assert.strictEqual(other.chat([{ role: "user", content: "hello 12" }]), text)
  })

  it("reads shards, a template in its own file and further end tokens", async () => {
    const { folder, weights } = await save()
    const shapes = [...parameterShapes(tinyConfig)]
    await writeSafetensors(join(folder, "one"), weights, new Map(shapes.slice(0, 5)), "f32")
    await writeSafetensors(join(folder, "two"), weights, new Map(shapes.slice(5)), "f32")
    const weightMap = Object.fromEntries(shapes.map(([name], i) => [name, i < 5 ? "one" : "two"]))
    await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: weightMap }))
    await writeFile(join(folder, "model.safetensors"), "not read")
    await writeFile(join(folder, "chat_template.jinja"), "w5 {{ messages[0].content }}")
    await writeFile(join(folder, "generation_config.json"), JSON.stringify({ eos_token_id: [39, 4] }))
    const opened = await openCheckpoint(folder)
    assert.deepStrictEqual(await opened.weights(), weights)
    const tokenizer = await opened.tokenizer()
    assert.strictEqual(tokenizer.chat([{ role: "user", content: "w1" }]), "w5 w1")
    assert.deepStrictEqual(tokenizer.endIds, [39, 4])
  })

  it("finds end tokens among added tokens", async () => {
    const { folder, weights } = await save()
    const config = { ...tinyConfig, vocab: bytePairTokens.length }
    await saveCheckpoint(folder, {
      config,
      weights: initialWeights(config, 1),
      dtype: "f32",
      tokenizerFrom: bytePairFiles
    })
    assert.strictEqual(weights.size, parameterShapes(config).size)
    await writeFile(join(folder, "generation_config.json"), JSON.stringify({ eos_token_id: 1 }))
    assert.deepStrictEqual((await (await openCheckpoint(folder)).tokenizer()).endIds, [0, 1])
  })

  it("names the file that is missing or damaged", async () => {
    const { folder } = await save()
    assert.include((await rejection(openCheckpoint(join(folder, "none")))).message, "no such file or folder")
    await writeFile(join(folder, "tokenizer.json"), "{")
    const tokenizer = await rejection((await openCheckpoint(folder)).tokenizer())
    assert.include(tokenizer.message, `cannot read ${join(folder, "tokenizer.json")}: it is not JSON`)
    const config = await rejection(openCheckpoint(await temporaryFolder()))
    assert.match(config.message, /config\.json: no such file/)
  })
})
