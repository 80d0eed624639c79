/** The sampler in its process: many callers at once, errors, aborts, ends. */
import type { ChildProcess } from "node:child_process"
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { saveCheckpoint } from "../../models/Checkpoint.ts"
import { initialWeights, UnsupportedModel } from "../../models/Llama.ts"
import { CheckpointUnreadable } from "../../models/load/CheckpointUnreadable.ts"
import { Decoder } from "../../models/sample/Decoder.ts"
import { openSampler, type SamplerClient, type SampleRequest } from "../../models/sample/Sampler.ts"
import { SampleRefused, SamplerStopped } from "../../models/sample/SamplerError.ts"
import { makeTokenizer, UnknownWord } from "../../models/Tokenizer.ts"
import { temporaryFolder, tinyConfig, tinyWords } from "./loadFixtures.ts"

const endless = { ...tinyConfig, contextLength: 4096 }

/** A saved model; one that never ends an answer by itself, if asked. */
const save = async (options: { readonly endless?: boolean } = {}) => {
  const folder = await temporaryFolder()
  const config = options.endless === true ? endless : tinyConfig
  const weights = initialWeights(config, 1)
  for (const [name, values] of weights) if (name.includes("embed")) values.forEach((value, i) => values[i] = 20 * value)
  if (options.endless === true) weights.get("model.embed_tokens.weight")!.fill(0, 39 * 32)
  await saveCheckpoint(folder, { config, weights, dtype: "f32", tokenizerFrom: tinyWords })
  return { folder, config, weights }
}

const withSampler = async <A>(
  folder: string,
  width: number,
  use: (sampler: SamplerClient) => Promise<A>
): Promise<A> => {
  const sampler = await openSampler(folder, { width, threads: 1 })
  try {
    return await use(sampler)
  } finally {
    await sampler.close()
  }
}

const request = (change: Partial<SampleRequest> = {}): SampleRequest => ({
  messages: [{ role: "user", content: "w0 w1" }],
  maxNewTokens: 12,
  temperature: 0,
  topP: 1,
  topK: 0,
  seed: 1,
  ...change
})

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(() => assert.fail("it should have failed"), (error: Error) => error)

describe("openSampler", () => {
  it("answers a request that arrives just as the last one is done, every time", async () => {
    const { folder } = await save()
    await withSampler(folder, 2, async (sampler) => {
      // one by one: each request is sent at the moment the worker finds nothing left to do
      for (let i = 0; i < 400; i++) {
        assert.isAtLeast((await sampler.sample(request({ maxNewTokens: 1, seed: i }))).ids.length, 1)
      }
    })
  })

  it("answers many callers as a decoder in this thread would", async () => {
    const { config, folder, weights } = await save()
    const requests = Array.from(
      { length: 100 },
      (_, seed) =>
        request({
          seed,
          temperature: seed % 3,
          messages: [{ role: "user", content: `w${seed % 36} w1` }],
          stop: ["w9 w9"]
        })
    )
    const decoder = await Decoder.open({
      config,
      weights,
      tokenizer: await makeTokenizer(tinyWords),
      width: 3,
      threads: 1,
      parameters: "packed"
    })
    const expected = await decoder.generate(requests)
    await decoder.release()
    const samples = await withSampler(folder, 8, (sampler) => Promise.all(requests.map((each) => sampler.sample(each))))
    assert.deepStrictEqual(samples, expected)
  })

  it("rejects what cannot be sampled with its own error and goes on with the rest", async () => {
    const { folder } = await save()
    await withSampler(folder, 4, async (sampler) => {
      const [long, word, fine] = await Promise.all([
        rejection(sampler.sample(request({ maxNewTokens: 1000 }))),
        rejection(sampler.sample(request({ messages: [{ role: "user", content: "what" }] }))),
        sampler.sample(request())
      ])
      assert.instanceOf(long, SampleRefused)
      assert.include(long.message, "the prompt has 4 tokens and asks for up to 1000 more, the sampler holds 256")
      assert.instanceOf(word, UnknownWord)
      assert.include(word.message, "\"what\"")
      assert.strictEqual(fine.promptTokens, 4)
    })
  })

  it("lets the thread that calls it go on", async () => {
    const { folder } = await save({ endless: true })
    await withSampler(folder, 1, async (sampler) => {
      let turns = 0
      const state = { finished: false }
      const sampling = sampler.sample(request({ maxNewTokens: 300 })).then(() => state.finished = true)
      while (!state.finished) {
        turns++
        await new Promise((resolve) => setImmediate(resolve))
      }
      await sampling
      // a thread that computed the tokens itself would turn at most once for each
      assert.isAbove(turns, 300)
    })
  })

  it("gives the place of an aborted request to the next", async () => {
    const { folder } = await save({ endless: true })
    await withSampler(folder, 1, async (sampler) => {
      const controller = new AbortController()
      let order: Array<string> = []
      const long = rejection(sampler.sample(request({ maxNewTokens: 4000 }), controller.signal)).then((error) => {
        order = [...order, error.message]
      })
      const short = sampler.sample(request({ maxNewTokens: 3 })).then(({ ids }) => order = [...order, `${ids.length}`])
      // both are with the process, one in its only slot
      await new Promise((resolve) => setImmediate(resolve))
      controller.abort(new Error("aborted"))
      await Promise.all([long, short])
      assert.deepStrictEqual(order, ["aborted", "3"])
      assert.strictEqual((await rejection(sampler.sample(request(), controller.signal))).message, "aborted")
    })
  })

  it("rejects what is pending when it is closed, and everything later", async () => {
    const { folder } = await save({ endless: true })
    const sampler = await openSampler(folder, { width: 2, threads: 1 })
    const pending = [1, 2, 3].map((seed) => rejection(sampler.sample(request({ seed, maxNewTokens: 4000 }))))
    await sampler.close()
    for (const error of await Promise.all(pending)) {
      assert.instanceOf(error, SamplerStopped)
      assert.include(error.message, `the sampler of ${folder} stopped: it was closed`)
    }
    assert.instanceOf(await rejection(sampler.sample(request())), SamplerStopped)
    await sampler.close()
  })

  it("rejects what is pending when its process dies", async () => {
    const { folder } = await save({ endless: true })
    const children: Array<ChildProcess> = []
    const keep = (message: unknown) => children.push((message as { readonly process: ChildProcess }).process)
    subscribe("child_process", keep)
    const sampler = await openSampler(folder, { width: 2, threads: 1 })
    unsubscribe("child_process", keep)
    const pending = rejection(sampler.sample(request({ maxNewTokens: 4000 })))
    children[0]!.kill("SIGKILL")
    const error = await pending
    assert.instanceOf(error, SamplerStopped)
    assert.include(error.message, "its process was ended by SIGKILL")
    await sampler.close()
  })

  it("rejects when there is nothing to load, saying what is missing", async () => {
    const { folder } = await save()
    await rm(join(folder, "model.safetensors"))
    const weights = await rejection(openSampler(folder, { width: 1, threads: 1 }))
    assert.instanceOf(weights, CheckpointUnreadable)
    assert.include(weights.message, `cannot read ${join(folder, "model.safetensors")}: no such file`)
    const { writeFile } = await import("node:fs/promises")
    await writeFile(join(folder, "config.json"), JSON.stringify({ architectures: ["GemmaForCausalLM"] }))
    assert.instanceOf(await rejection(openSampler(folder, { width: 1, threads: 1 })), UnsupportedModel)
  })
})
