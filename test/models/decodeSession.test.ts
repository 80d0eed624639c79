/** Steps of a decoding session: what the graph says of its rows is what a prefill's logits say. */
import { assert, describe, it } from "vitest"
import { type DecodeOptions, DecodeSession } from "../../models/decode/DecodeSession.ts"
import { initialWeights } from "../../models/Llama.ts"
import { makeTokenChooser } from "../../models/sample/chooseToken.ts"
import { makeRandom } from "../../models/sample/Random.ts"
import { weighTokens } from "../../models/sample/weighTokens.ts"
import { tinyConfig } from "./loadFixtures.ts"

const prompts = [[1, 3, 4, 2, 7], [9, 8, 30], [5, 5, 11, 20]]
const greedy = { temperature: 0, topP: 1, topK: 0 }

/** Weights of which next tokens are far from uniform. */
const lively = () => {
  const weights = initialWeights(tinyConfig, 3)
  weights.get("model.embed_tokens.weight")!.forEach((value, i, all) => all[i] = 20 * value)
  return weights
}

const withSession = async <A>(options: Partial<DecodeOptions>, use: (session: DecodeSession) => Promise<A>) => {
  const session = await DecodeSession.open({
    config: tinyConfig,
    weights: lively(),
    width: 4,
    threads: 1,
    parameters: "packed",
    ...options
  })
  return use(session).finally(() => session.release())
}

/** Loads all but the last token of the prompts and appends those. */
const stepLast = async (session: DecodeSession, temperatures: ReadonlyArray<number>) => {
  const before = await session.prefill(prompts.map((ids) => ids.slice(0, -1)))
  before.forEach((prefilled, slot) => session.load(slot, prefilled))
  return session.step(prompts.map((ids) => ids.at(-1)!), prompts.map((ids) => ids.length - 1), temperatures)
}

describe("DecodeSession.step", () => {
  it("says of every row what its logits say, tempered as asked, and nothing more of rows that do not draw", async () => {
    await withSession({}, async (session) => {
      const whole = await session.prefill(prompts)
      for (const temperatures of [[0.5, 0, 3], [0, 0, 0], [1, 100, 1e-40]]) {
        const stepped = await stepLast(session, temperatures)
        stepped.forEach(({ likeliest, logprob, probabilities }, row) => {
          const expected = weighTokens(whole[row]!.logits, temperatures[row]!)
          assert.strictEqual(likeliest, expected.likeliest)
          assert.closeTo(logprob, expected.logprob, 1e-5)
          assert.strictEqual(probabilities === undefined, temperatures[row] === 0)
          if (probabilities === undefined) return
          const highest = probabilities[likeliest]!
          assert.closeTo(probabilities.reduce((a, b) => a + b, 0), 1, 1e-5)
          probabilities.forEach((p, id) => assert.closeTo(p / highest, expected.probabilities![id]!, 1e-4))
        })
      }
    })
  })

  it("gives log-probabilities of drawn tokens under the model's own distribution, at any temperature", async () => {
    await withSession({}, async (session) => {
      const { logits } = (await session.prefill(prompts))[0]!
      const highest = Math.max(...logits)
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0)
      for (const temperature of [0.3, 1, 5, 100]) {
        const [successors] = await stepLast(session, [temperature, 0, 1])
        const choose = makeTokenChooser(tinyConfig.vocab)
        const random = makeRandom(2)
        for (let draw = 0; draw < 50; draw++) {
          const { id, logprob } = choose(successors!, { ...greedy, temperature }, random)
          assert.closeTo(logprob, logits[id]! - highest - Math.log(total), 5e-5)
        }
      }
    })
  })

  it("shows by the log-probability when logits are not finite", async () => {
    for (const [value, row] of [[NaN, 5], [NaN, undefined], [3e38, 5]] as const) {
      const weights = lively()
      await withSession({ weights, parameters: "shared" }, async (session) => {
        const [prefilled] = await session.prefill(prompts.slice(0, 1))
        session.load(0, prefilled!)
        const head = weights.get("model.embed_tokens.weight")!
        if (row === undefined) weights.get("model.norm.weight")!.fill(value)
        else head.fill(value, row * tinyConfig.hidden, (row + 1) * tinyConfig.hidden)
        const [successors] = await session.step([3], [5], [0])
        const choose = () => makeTokenChooser(tinyConfig.vocab)(successors!, greedy, makeRandom(1))
        assert.throws(choose, /the logits are not finite/)
      })
    }
  })
})
