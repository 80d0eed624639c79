/**
 * The decoder: it computes what the formulas say, and a request's tokens depend on nothing but the request and the
 * weights.
 */
import { assert, describe, it } from "vitest"
import { initialWeights, type LlamaConfig } from "../../models/Llama.ts"
import { Decoder, type DecoderOptions } from "../../models/sample/Decoder.ts"
import { makeRandom } from "../../models/sample/Random.ts"
import type { Sample, SampleRequest } from "../../models/sample/Sample.ts"
import { makeTokenizer } from "../../models/Tokenizer.ts"
import { bytePairFiles, bytePairTokens, tinyConfig, tinyWords } from "./loadFixtures.ts"
import { referenceGreedy } from "./sampleReference.ts"

/** Weights large enough that next tokens are far from uniform. */
const livelyWeights = (config: LlamaConfig, seed: number) => {
  const weights = initialWeights(config, seed)
  for (const [name, values] of weights) {
    if (name.includes("embed") || name.includes("lm_head")) values.forEach((value, i) => values[i] = value * 20)
    const random = makeRandom(seed, `${name} moved`)
    if (name.endsWith("bias") || name.includes("norm")) {
      values.forEach((value, i) => values[i] = value + 0.3 * random.normal())
    }
  }
  return weights
}

const withDecoder = async <A>(options: Partial<DecoderOptions>, use: (decoder: Decoder) => Promise<A>): Promise<A> => {
  const config = options.config ?? tinyConfig
  const decoder = await Decoder.open({
    config,
    weights: livelyWeights(config, 1),
    tokenizer: await makeTokenizer(tinyWords),
    width: 4,
    threads: 1,
    ...options
  })
  try {
    return await use(decoder)
  } finally {
    await decoder.release()
  }
}

const request = (change: Partial<SampleRequest> = {}): SampleRequest => ({
  promptIds: [1, 3, 4, 2],
  maxNewTokens: 12,
  temperature: 0,
  topP: 1,
  topK: 0,
  seed: 1,
  ...change
})

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(() => assert.fail("it should have failed"), (error: Error) => error)

/** Thirty-two requests of all kinds: prompts of 1 to 40 tokens, some alike, every way of choosing. */
const mixed = (): ReadonlyArray<SampleRequest> => {
  const random = makeRandom(9)
  const prompts = Array.from(
    { length: 12 },
    () => Array.from({ length: 1 + Math.floor(random.uniform() * 40) }, () => Math.floor(random.uniform() * 39))
  )
  return Array.from({ length: 32 }, (_, i) =>
    request({
      promptIds: prompts[i % 12]!,
      maxNewTokens: 3 + i % 17,
      temperature: i % 4 === 0 ? 0 : 0.5 + 0.5 * (i % 3),
      topP: i % 5 === 1 ? 0.8 : 1,
      topK: i % 5 === 2 ? 7 : 0,
      minP: i % 5 === 3 ? 0.05 : 0,
      seed: i
    }))
}

/** A generator of the orders in which `items` are taken. */
const shuffled = <A>(items: ReadonlyArray<A>, seed: number): ReadonlyArray<A> => {
  const random = makeRandom(seed)
  return items.map((item) => [random.uniform(), item] as const).sort(([a], [b]) => a - b).map(([, item]) => item)
}

const keyed = (requests: ReadonlyArray<SampleRequest>, samples: ReadonlyArray<Sample>) =>
  new Map(samples.map((sample, i) => [requests[i]!.seed, sample]))

describe("Decoder", () => {
  const variants: ReadonlyArray<readonly [string, Partial<LlamaConfig>]> = [
    ["a tied head", {}],
    ["an untied head and biases", { tied: false, qkvBias: true }],
    ["one head, odd sizes", { heads: 1, kvHeads: 1, headDim: 8, hidden: 20, ffn: 36, vocab: 41 }],
    ["as many key heads as heads, another width inside", { kvHeads: 4, headDim: 24 }]
  ]
  for (const [what, change] of variants) {
    for (const parameters of ["shared", "packed"] as const) {
      it(`computes the formulas with ${what}, ${parameters} weights`, async () => {
        const config = { ...tinyConfig, ...change }
        const weights = livelyWeights(config, 4)
        const prompts = [[5], [1, 3, 4, 2], Array.from({ length: 21 }, (_, i) => (i * 7) % 39)]
        await withDecoder({ config, weights, parameters }, async (decoder) => {
          const samples = await decoder.generate(prompts.map((promptIds) => request({ promptIds, maxNewTokens: 6 })))
          samples.forEach((sample, i) => {
            const expected = referenceGreedy(config, weights, prompts[i]!, sample.ids.length)
            assert.deepStrictEqual(sample.ids, expected.ids)
            sample.logprobs.forEach((logprob, at) => assert.closeTo(logprob, expected.logprobs[at]!, 2e-5))
          })
        })
      })
    }
  }

  it("gives a request the same tokens and bits alone, in any company, order and width", async () => {
    const requests = mixed()
    const formats = [
      { parameters: "packed" },
      { parameters: "shared" },
      { parameters: "packed", precision: "int8" }
    ] as const
    for (const format of formats) {
      const alone = await withDecoder({ width: 1, ...format }, async (decoder) => {
        const samples: Array<Sample> = []
        for (const each of requests) samples.push((await decoder.generate([each]))[0]!)
        return keyed(requests, samples)
      })
      for (const [width, seed] of [[4, 1], [13, 2], [32, 3]] as const) {
        const order = shuffled(requests, seed)
        const together = await withDecoder({ width, ...format }, (decoder) => decoder.generate(order))
        assert.deepStrictEqual(keyed(order, together), new Map(order.map(({ seed }) => [seed, alone.get(seed)!])))
      }
      // and the requests differ enough for this to mean something
      assert.isAbove(new Set([...alone.values()].map((sample) => sample.ids.join())).size, 20)
    }
  })

  it("serves several callers at once", async () => {
    const requests = mixed()
    await withDecoder({ width: 5 }, async (decoder) => {
      const expected = await decoder.generate(requests)
      const halves = await Promise.all(
        [requests.slice(0, 16), requests.slice(16)].map((half) => decoder.generate(half))
      )
      assert.deepStrictEqual(halves.flat(), expected)
    })
  })

  it("gives the same bits with two threads when weights are packed", async () => {
    for (const precision of ["f32", "int8"] as const) {
      const [one, two] = await Promise.all(
        [1, 2].map((threads) =>
          withDecoder({ threads, parameters: "packed", precision }, (decoder) => decoder.generate(mixed()))
        )
      )
      assert.deepStrictEqual(two, one)
    }
  })

  it("draws other tokens for other seeds of one prompt", async () => {
    const requests = Array.from({ length: 8 }, (_, seed) => request({ temperature: 4, seed }))
    const samples = await withDecoder({}, (decoder) => decoder.generate(requests))
    assert.isAbove(new Set(samples.map((sample) => sample.ids.join())).size, 6)
  })

  it("grows its cache beyond what any sequence had, without a trace in the results", async () => {
    const long = request({ maxNewTokens: 200, temperature: 1, seed: 12 })
    const weights = livelyWeights(tinyConfig, 1)
    // the end token is made impossible by a head that never points to it
    weights.get("model.embed_tokens.weight")!.fill(0, 39 * 32)
    await withDecoder({ weights }, async (decoder) => {
      const [first] = await decoder.generate([long])
      assert.isAbove(first!.ids.length, 130)
      const [again] = await decoder.generate([long, ...mixed().slice(0, 3)])
      assert.deepStrictEqual(again, first)
    })
  })

  it("sees weights that change between two calls when they are shared", async () => {
    const weights = livelyWeights(tinyConfig, 1)
    const other = livelyWeights(tinyConfig, 2)
    const requests = mixed()
    const expected = await withDecoder({ weights: other }, (decoder) => decoder.generate(requests))
    await withDecoder({ weights }, async (decoder) => {
      assert.notDeepEqual(await decoder.generate(requests), expected)
      for (const [name, values] of other) weights.get(name)!.set(values)
      assert.deepStrictEqual(await decoder.generate(requests), expected)
    })
  })

  it("ends at the end token, which is among the ids but not in the text", async () => {
    const samples = await withDecoder(
      {},
      (decoder) =>
        decoder.generate(Array.from({ length: 64 }, (_, seed) => request({ temperature: 2, seed, maxNewTokens: 30 })))
    )
    const ended = samples.filter((sample) => sample.finishReason === "stop")
    assert.isAbove(ended.length, 5)
    for (const sample of samples) {
      const stopped = sample.finishReason === "stop"
      assert.strictEqual(sample.ids.indexOf(39), stopped ? sample.ids.length - 1 : -1)
      assert.strictEqual(sample.ids.length < 30 || stopped, stopped)
      assert.strictEqual(sample.logprobs.length, sample.ids.length)
      assert.strictEqual(sample.promptTokens, 4)
      const tokenizer = await makeTokenizer(tinyWords)
      assert.deepStrictEqual(tokenizer.encode(sample.text), stopped ? sample.ids.slice(0, -1) : sample.ids)
    }
  })

  it("cuts before a stop text, wherever in a token it ends", async () => {
    const config = { ...tinyConfig, vocab: bytePairTokens.length }
    const tokenizer = await makeTokenizer(bytePairFiles)
    await withDecoder({ config, weights: livelyWeights(config, 1), tokenizer }, async (decoder) => {
      const free = request({ promptIds: tokenizer.encode("hello 1"), temperature: 1, maxNewTokens: 40, seed: 5 })
      const [whole] = await decoder.generate([free])
      // two characters around the boundary of two tokens in the middle of the answer
      const before = tokenizer.decode(whole!.ids.slice(0, 20))
      const stop = tokenizer.decode(whole!.ids.slice(19, 21))
      const [cut] = await decoder.generate([{ ...free, stop: ["never said", stop] }])
      const place = whole!.text.indexOf(stop)
      assert.isAtMost(place, before.length)
      assert.strictEqual(cut!.text, whole!.text.slice(0, place))
      assert.strictEqual(cut!.finishReason, "stop")
      assert.deepStrictEqual(cut!.ids, whole!.ids.slice(0, cut!.ids.length))
      assert.include(tokenizer.decode(cut!.ids), stop)
      assert.notInclude(tokenizer.decode(cut!.ids.slice(0, -1)), stop)
    })
  })

  it("renders messages with the chat template", async () => {
    const chat = request({ messages: [{ role: "user", content: "w0 w1" }] })
    delete (chat as { promptIds?: unknown }).promptIds
    const [rendered, literal] = await withDecoder(
      {},
      (decoder) => decoder.generate([chat, request({ promptIds: [1, 3, 4, 2] })])
    )
    assert.deepStrictEqual(rendered, literal)
  })

  it("refuses what it cannot sample, saying what and why", async () => {
    await withDecoder({ maxLength: 20 }, async (decoder) => {
      const refusal = async (change: Partial<SampleRequest>) =>
        (await rejection(decoder.generate([request(change)]))).message
      assert.include(
        await refusal({ maxNewTokens: 17 }),
        "the prompt has 4 tokens and asks for up to 17 more, the sampler holds 20"
      )
      assert.include(await refusal({ promptIds: [] }), "no tokens")
      assert.include(await refusal({ promptIds: [1, 40] }), "token id 40 is not below the vocabulary's 40")
      assert.include(await refusal({ temperature: -1 }), "temperature is -1")
      assert.include(await refusal({ temperature: NaN }), "temperature is NaN")
      assert.include(await refusal({ temperature: 101 }), "temperature is 101, not between 0 and 100")
      assert.include(await refusal({ topP: 0 }), "topP is 0")
      assert.include(await refusal({ topK: 1.5 }), "topK is 1.5")
      assert.include(await refusal({ minP: 2 }), "minP is 2")
      assert.include(await refusal({ seed: 2 ** 60 }), "seed is")
      assert.include(await refusal({ maxNewTokens: 0 }), "maxNewTokens is 0")
      assert.include(await refusal({ stop: [""] }), "a stop text is empty")
      assert.include(await refusal({ messages: [] }), "either messages or promptIds")
      const words = { messages: [{ role: "user", content: "w0 what" }] }
      const { promptIds: _, ...rest } = request(words)
      assert.include((await rejection(decoder.generate([rest]))).message, "\"what\" is not in the vocabulary")
      // and goes on as if nothing had been
      assert.strictEqual((await decoder.generate([request()]))[0]!.ids.length, 12)
    })
  })

  it("says so when the weights are damaged", async () => {
    const weights = livelyWeights(tinyConfig, 1)
    weights.get("model.norm.weight")![0] = NaN
    const error = await withDecoder({ weights }, (decoder) => rejection(decoder.generate([request()])))
    assert.include(error.message, "the logits are not finite; the weights are damaged or training diverged")
  })

  it("leaves nothing behind when it is aborted or a request is withdrawn", async () => {
    await withDecoder({ width: 2 }, async (decoder) => {
      const expected = (await decoder.generate([request()]))[0]!
      const controller = new AbortController()
      const long = mixed().map((each) => ({ ...each, maxNewTokens: 100 }))
      const aborted = rejection(decoder.generate(long, controller.signal))
      controller.abort(new Error("enough"))
      assert.strictEqual((await aborted).message, "enough")
      assert.strictEqual(await decoder.advance(), false)
      const done: Array<Sample | Error> = []
      const withdraw = decoder.submit(request({ maxNewTokens: 100, seed: 3 }), (sample) => done.push(sample))
      decoder.submit(request(), (sample) => done.push(sample))
      await decoder.advance()
      withdraw()
      while (await decoder.advance());
      assert.deepStrictEqual(done, [expected])
    })
  })
})
