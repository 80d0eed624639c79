/** Reading and writing weight files: values worked by hand, damaged files, equal bytes for equal weights. */
import { readFile, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { tensorFormats } from "../../models/load/dequantise.ts"
import { ggufConfig, readGgufHeader, readGgufWeights, unpermuteHeads } from "../../models/load/gguf.ts"
import { readSafetensors, writeSafetensors } from "../../models/load/safetensors.ts"
import { initialWeights, type LlamaConfig, parameterShapes } from "../../models/Llama.ts"
import {
  bytePairTokens,
  floatBytes,
  ggufBytes,
  ggufMetadata,
  ggufName,
  type GgufTensor,
  temporaryFolder,
  tinyConfig
} from "./loadFixtures.ts"

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(() => assert.fail("it should have failed"), (error: Error) => error)

/** A safetensors file from a header and the bytes behind it. */
const safetensors = (header: object, data: Uint8Array): Uint8Array => {
  const json = new TextEncoder().encode(JSON.stringify(header))
  return new Uint8Array(Buffer.concat([new Uint8Array(BigUint64Array.of(BigInt(json.length)).buffer), json, data]))
}

describe("safetensors", () => {
  it("widens f32, f16 and bf16 exactly", async () => {
    const path = join(await temporaryFolder(), "model.safetensors")
    // 1.5 and -2 as float32; 0x3c00 = 1, 0xc100 = -2.5 and 0x0001 = 2^-24 as halves; 0x3f80 = 1, 0xc020 = -2.5 as brain
    // floats
    const data = new Uint8Array(Buffer.concat([
      new Uint8Array(Float32Array.of(1.5, -2).buffer),
      new Uint8Array(Uint16Array.of(0x3c00, 0xc100, 0x0001).buffer),
      new Uint8Array(Uint16Array.of(0x3f80, 0xc020).buffer)
    ]))
    await writeFile(
      path,
      safetensors({
        __metadata__: { format: "pt" },
        a: { dtype: "F32", shape: [2], data_offsets: [0, 8] },
        b: { dtype: "F16", shape: [3, 1], data_offsets: [8, 14] },
        c: { dtype: "BF16", shape: [2], data_offsets: [14, 18] }
      }, data)
    )
    const weights = await readSafetensors(path, new Map([["a", [2]], ["b", [3, 1]], ["c", [2]]]))
    assert.deepStrictEqual([...weights.get("a")!], [1.5, -2])
    assert.deepStrictEqual([...weights.get("b")!], [1, -2.5, 2 ** -24])
    assert.deepStrictEqual([...weights.get("c")!], [1, -2.5])
    assert.isTrue([...weights.values()].every((values) => values.buffer instanceof SharedArrayBuffer))
  })

  it("writes what it reads back, and equal bytes for equal weights", async () => {
    const folder = await temporaryFolder()
    const shapes = parameterShapes(tinyConfig)
    const weights = initialWeights(tinyConfig, 1)
    await writeSafetensors(join(folder, "a"), weights, shapes, "f32")
    await writeSafetensors(join(folder, "b"), initialWeights(tinyConfig, 1), shapes, "f32")
    const read = await readSafetensors(join(folder, "a"), shapes)
    assert.deepStrictEqual([...read.keys()], [...weights.keys()])
    for (const [name, values] of weights) assert.deepStrictEqual(read.get(name), values, name)
    assert.isTrue((await readFile(join(folder, "a"))).equals(await readFile(join(folder, "b"))))
  })

  it("rounds to f16 and refuses what does not fit", async () => {
    const path = join(await temporaryFolder(), "half")
    const shapes = new Map([["a", [3]]])
    await writeSafetensors(path, new Map([["a", Float32Array.of(1 + 2 ** -11, 1 + 2 ** -10, -65504)]]), shapes, "f16")
    // halfway between 1 and 1 + 2^-10: to even
    assert.deepStrictEqual([...(await readSafetensors(path, shapes)).get("a")!], [1, 1 + 2 ** -10, -65504])
    const big = new Map([["a", Float32Array.of(1, 7e4, 1)]])
    assert.include((await rejection(writeSafetensors(path, big, shapes, "f16"))).message, "a holds 70000, beyond f16")
  })

  it("rounds to bf16, ties to even, and keeps what is no number", async () => {
    const path = join(await temporaryFolder(), "model.safetensors")
    // 1 + 2^-8 lies between 1 and 1 + 2^-7, 1 + 3·2^-8 between that and 1 + 2^-6: both go to the even one
    const values = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, -3.4e38, NaN, -Infinity, 0)
    const shapes = new Map([["a", [7]]])
    await writeSafetensors(path, new Map([["a", values]]), shapes, "bf16")
    const expected = [1, 1 + 2 ** -6, 1 + 2 ** -7, -Infinity, NaN, -Infinity, 0]
    assert.deepStrictEqual([...(await readSafetensors(path, shapes)).get("a")!], expected)
  })

  it("reads shards by their index", async () => {
    const folder = await temporaryFolder()
    await writeSafetensors(join(folder, "one"), new Map([["a", Float32Array.of(1)]]), new Map([["a", [1]]]), "f32")
    await writeSafetensors(join(folder, "two"), new Map([["b", Float32Array.of(2)]]), new Map([["b", [1]]]), "f32")
    const index = join(folder, "model.safetensors.index.json")
    await writeFile(index, JSON.stringify({ weight_map: { a: "one", b: "two" } }))
    const weights = await readSafetensors(index, new Map([["b", [1]], ["a", [1]]]))
    assert.deepStrictEqual([...weights].map(([name, [value]]) => [name, value]), [["b", 2], ["a", 1]])
    const missing = await rejection(readSafetensors(index, new Map([["c", [1]]])))
    assert.include(missing.message, "tensor c: no shard holds it")
  })

  it("names file, tensor and reason when a file is damaged", async () => {
    const folder = await temporaryFolder()
    const path = join(folder, "model.safetensors")
    const shapes = parameterShapes(tinyConfig)
    await writeSafetensors(path, initialWeights(tinyConfig, 1), shapes, "f32")
    const bytes = await readFile(path)
    const whole = bytes.length
    await truncate(path, whole - 40)
    const cut = await rejection(readSafetensors(path, shapes))
    assert.include(cut.message, `${path}, tensor model.norm.weight: it should hold bytes`)
    assert.include(cut.message, `the file ends at ${whole - 40}`)
    await truncate(path, 100)
    assert.include((await rejection(readSafetensors(path, shapes))).message, "cut short or not safetensors")
    await writeFile(path, bytes)
    const shape = await rejection(readSafetensors(path, new Map([["model.norm.weight", [31]]])))
    assert.include(shape.message, "its shape is [32], the configuration asks for [31]")
    const absent = await rejection(readSafetensors(path, new Map([["lm_head.weight", [1]]])))
    assert.include(absent.message, "tensor lm_head.weight: it is not in the file")
    await writeFile(path, safetensors({ a: { dtype: "I64", shape: [1], data_offsets: [0, 8] } }, new Uint8Array(8)))
    assert.include((await rejection(readSafetensors(path, new Map([["a", [1]]])))).message, "type I64 is not one of")
    await writeFile(path, safetensors({ a: { dtype: "F32", shape: [1], data_offsets: [0, 8] } }, new Uint8Array(8)))
    assert.include((await rejection(readSafetensors(path, new Map([["a", [1]]])))).message, "it has 8 bytes")
    assert.include((await rejection(readSafetensors(join(folder, "none"), shapes))).message, "no such file")
  })
})

const widened = (type: number, bytes: ReadonlyArray<number>): Array<number> => {
  const format = tensorFormats.get(type)!
  const values = new Float32Array(bytes.length / format.blockBytes * format.blockValues)
  format.widen(Uint8Array.from(bytes), values)
  return [...values]
}

describe("dequantise", () => {
  it("widens Q8_0: scale times signed byte", () => {
    // scale 0x3800 = 0.5
    const values = widened(8, [0x00, 0x38, 2, 0xff, 0x80, ...new Array(28).fill(0), 127])
    assert.deepStrictEqual(values.slice(0, 4), [1, -0.5, -64, 0])
    assert.strictEqual(values[31], 63.5)
  })

  it("widens Q4_0: scale times nibble less 8, low nibbles first", () => {
    // scale 0xc000 = -2
    const values = widened(2, [0x00, 0xc0, 0x31, 0x0f, ...new Array(13).fill(0x88), 0xf2])
    assert.deepStrictEqual(values.slice(0, 3), [14, -14, -0])
    assert.deepStrictEqual(values.slice(15, 18), [12, 10, 16])
    assert.strictEqual(values[31], -14)
  })

  it("widens Q4_1: scale times nibble plus minimum, low nibbles first", () => {
    // scale 0x4000 = 2, minimum 0xbc00 = -1
    const values = widened(3, [0x00, 0x40, 0x00, 0xbc, 0x31, 0x0f, ...new Array(13).fill(0), 0xf2])
    assert.deepStrictEqual(values.slice(0, 3), [1, 29, -1])
    assert.deepStrictEqual(values.slice(15, 18), [3, 5, -1])
    assert.strictEqual(values[31], 29)
  })
})

/** Every tensor as F32 in llama.cpp's row order. */
const ggufTensors = (permute: boolean, config: LlamaConfig = defaultConfig) => {
  const weights = initialWeights(config, 7)
  const tensors = new Map<string, GgufTensor>()
  for (const [name, shape] of parameterShapes(config)) {
    const heads = name.includes("q_proj") ? config.heads : name.includes("k_proj") ? config.kvHeads : 0
    const values = weights.get(name)!
    const stored = values.slice()
    if (permute && heads > 0) {
      const width = shape[1]!
      for (let head = 0; head < heads; head++) {
        for (let i = 0; i < config.headDim / 2; i++) {
          for (let j = 0; j < 2; j++) {
            const from = head * config.headDim + j * config.headDim / 2 + i
            stored.set(values.subarray(from * width, (from + 1) * width), (head * config.headDim + 2 * i + j) * width)
          }
        }
      }
    }
    tensors.set(ggufName(name), { shape, type: 0, bytes: floatBytes(stored) })
  }
  return { tensors, weights }
}

const defaultConfig = { ...tinyConfig, vocab: bytePairTokens.length }
const config = defaultConfig

describe("gguf", () => {
  it("reads configuration and weights, q and k rows in Hugging Face order", async () => {
    const path = join(await temporaryFolder(), "model.gguf")
    const { tensors, weights } = ggufTensors(true)
    await writeFile(path, ggufBytes(ggufMetadata(config), tensors))
    const header = await readGgufHeader(path)
    assert.deepStrictEqual(ggufConfig(header), config)
    const read = await readGgufWeights(header, config)
    assert.deepStrictEqual([...read.keys()], [...weights.keys()])
    for (const [name, values] of weights) assert.deepStrictEqual(read.get(name), values, name)
  })

  it("reads biases and untied heads, and leaves the rows of a qwen2 model alone", async () => {
    const path = join(await temporaryFolder(), "model.gguf")
    const qwen = { ...config, tied: false, qkvBias: true }
    const weights = initialWeights(qwen, 3)
    weights.get("model.layers.1.self_attn.k_proj.bias")!.set([1, 2, 3])
    const tensors = new Map(
      Array.from(
        parameterShapes(qwen),
        ([name, shape]) => [ggufName(name), { shape, type: 0, bytes: floatBytes(weights.get(name)!) }] as const
      )
    )
    const metadata = Object.fromEntries(
      Object.entries(ggufMetadata(qwen)).map(([key, value]) => [key.replace("llama.", "qwen2."), value])
    )
    await writeFile(path, ggufBytes({ ...metadata, "general.architecture": "qwen2" }, tensors))
    const header = await readGgufHeader(path)
    assert.deepStrictEqual(ggufConfig(header), qwen)
    const read = await readGgufWeights(header, qwen)
    for (const [name, values] of weights) assert.deepStrictEqual(read.get(name), values, name)
  })

  it("recognises Llama 3's rotary scaling by its divisors, and refuses others", async () => {
    const path = join(await temporaryFolder(), "model.gguf")
    const llama = { ...config, headDim: 16, heads: 2, kvHeads: 1, ropeTheta: 500000 }
    const { tensors } = ggufTensors(true, llama)
    const read = async (divisors: ReadonlyArray<number>, kind?: string) => {
      const bytes = floatBytes(Float32Array.from(divisors))
      const all = new Map([...tensors, ["rope_freqs.weight", { shape: [divisors.length], type: 0, bytes }]])
      const metadata = { ...ggufMetadata(llama), ...(kind === undefined ? {} : { "llama.rope.scaling.type": kind }) }
      await writeFile(path, ggufBytes(metadata, all))
      return ggufConfig(await readGgufHeader(path))
    }
    // frequency 500000^(-5/8) has a wavelength of 22,910 tokens, 500000^(-4/8) one of 4,443: in between
    const wavelength = 2 * Math.PI * 500000 ** 0.5
    const kept = (8192 / wavelength - 1) / 3
    const divisors = [1, 1, 1, 1, 1 / ((1 - kept) / 8 + kept), 8, 8, 8]
    const found = await read(divisors)
    assert.deepStrictEqual(found, {
      ...llama,
      ropeScaling: { factor: 8, lowFrequency: 1, highFrequency: 4, originalContext: 8192 }
    })
    assert.include(
      (await rejection(read([1, 1, 1, 1, 2, 8, 8, 8]))).message,
      "tensor rope_freqs.weight is not llama3's"
    )
    assert.include((await rejection(read(divisors.slice(1)))).message, "tensor rope_freqs.weight is not llama3's")
    assert.include((await rejection(read(divisors, "linear"))).message, "rope scaling \"linear\" is not llama3's")
  })

  it("reorders rows 2i + j of a head to j * headDim / 2 + i", () => {
    const values = Float32Array.from({ length: 12 }, (_, i) => i)
    unpermuteHeads(values, 2, 12)
    assert.deepStrictEqual([...values], [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11])
  })

  it("names file, tensor and reason when a file is damaged", async () => {
    const folder = await temporaryFolder()
    const path = join(folder, "model.gguf")
    const { tensors } = ggufTensors(true)
    const read = async () => {
      const header = await readGgufHeader(path)
      return readGgufWeights(header, ggufConfig(header))
    }
    const bytes = ggufBytes(ggufMetadata(config), tensors)
    await writeFile(path, bytes.subarray(0, bytes.length - 500))
    assert.match((await rejection(read())).message, /tensor [a-z0-9._]+: it should hold bytes .* cut short/)
    await writeFile(path, bytes.subarray(0, 300))
    assert.include((await rejection(read())).message, "cut short")
    await writeFile(path, "not a model")
    assert.include((await rejection(read())).message, "it does not begin with GGUF")
    await writeFile(
      path,
      ggufBytes(
        ggufMetadata(config),
        new Map([...tensors, ["output_norm.weight", {
          shape: [config.hidden],
          type: 14,
          bytes: new Uint8Array(4 * config.hidden)
        }]])
      )
    )
    assert.include(
      (await rejection(read())).message,
      "tensor output_norm.weight: quantisation type 14 is not one of F32"
    )
    tensors.delete("blk.1.ffn_up.weight")
    await writeFile(path, ggufBytes(ggufMetadata(config), tensors))
    assert.include((await rejection(read())).message, "tensor blk.1.ffn_up.weight: it is not in the file")
    await writeFile(path, ggufBytes({ ...ggufMetadata(config), "general.architecture": "gemma2" }, tensors))
    assert.include((await rejection(read())).message, "cannot run gemma2: unknown architecture")
  })
})
