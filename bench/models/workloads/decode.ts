/**
 * Greedy decoding with a cache, from the third token on, for one and for many prompts at once.
 */
import { ours, theirs, withSides, type Workload } from "../Bench.ts"
import { randomRows } from "../benchModel.ts"
import type { Unit } from "../Side.ts"

/** Tokens before the meter starts. */
const unmetered = 2
/** Sums in another order turn a rare near tie around, and everything after it in that row. */
const sameShare = 0.75

const tokensOf = ({ result }: Unit): ReadonlyArray<number> => result["tokens"] as ReadonlyArray<number>

/** Share of the places with equal tokens. */
const agreement = (ours: Unit, theirs: Unit): number => {
  const [a, b] = [tokensOf(ours), tokensOf(theirs)]
  return a.length === b.length ? a.filter((id, i) => id === b[i]).length / a.length : 0
}

export const decode: Workload = {
  figures: ["decode-1", "decode-int8", "decode-8", "decode-32"],
  measure: async (bench) => {
    const { model, record, runs, say, sizes, threads: { decoding: threads } } = bench
    const sides = {
      f32: await ours(bench, "decode", model, threads, "f32"),
      int8: await ours(bench, "decode", model, threads, "int8")
    }
    const generate = await theirs(bench, "decode", model, threads)
    await withSides([sides.f32, sides.int8, generate], async () => {
      // round 0 is the warm-up
      for (let round = 0; round <= runs; round++) {
        for (const { batch, id, newTokens, precision, prompt } of sizes.decode) {
          const request = { prompts: randomRows(batch, prompt, round), newTokens }
          const ourUnit = await sides[precision].work(request)
          const theirUnit = await generate.work(request)
          if (round === 0) continue
          const equal = agreement(ourUnit, theirUnit)
          const wrong = precision === "f32" && equal < sameShare
          const problems = wrong ? [`${(100 * equal).toFixed(0)} % of the tokens are theirs`] : []
          record.add(id, { ours: ourUnit, theirs: theirUnit, problems })
          const rate = ({ wallS }: Unit) => (batch * (newTokens - unmetered) / wallS).toFixed(0)
          record.note(
            id,
            `tokens/s ${rate(ourUnit)} and ${rate(theirUnit)} in the last round; ` +
              `${(100 * equal).toFixed(0)} % equal tokens`
          )
        }
        if (round > 0) say(`decode: round ${round} of ${runs}`)
      }
    })
  }
}
