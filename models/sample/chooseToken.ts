/**
 * Chooses the next token of one row: top-k, top-p and min-p of the tempered probabilities in the order of transformers,
 * then one draw. Sums are in float64; where the probabilities come from is the decoder's business.
 */
import type { Successors } from "../decode/DecodeSession.ts"
import type { Random } from "./Random.ts"

/** How to choose. */
export interface Sampling {
  /** 0 takes the likeliest token and draws nothing; at most `highestTemperature`. */
  readonly temperature: number
  /** Keeps the likeliest tokens whose probabilities reach this sum; 1 is off. */
  readonly topP: number
  /** Keeps this many tokens; 0 is off. */
  readonly topK: number
  /** Drops tokens less likely than this share of the likeliest; absent or 0 is off. */
  readonly minP?: number
}

/**
 * Above it all tokens are about as likely, and the model's own log-probabilities can no longer be told from tempered
 * float32 probabilities: at it they are known to 2e-5.
 */
export const highestTemperature = 100

/** A chosen token; `logprob` in nats under the model's own distribution, before temperature and cuts. */
export interface Chosen {
  readonly id: number
  readonly logprob: number
}

/** Chooses tokens of a vocabulary; its buffers are reused from call to call. */
export type TokenChooser = (successors: Successors, sampling: Sampling, random: Random) => Chosen

/**
 * A max-heap of token ids by weight, ties by id, so that the order of tokens is total and results are reproducible.
 */
const siftDown = (heap: Int32Array, size: number, from: number, weights: Float32Array): void => {
  const id = heap[from]!
  const weight = weights[id]!
  let at = from
  while (true) {
    let child = 2 * at + 1
    if (child >= size) break
    if (child + 1 < size && above(heap[child + 1]!, heap[child]!, weights)) child++
    const candidate = heap[child]!
    const other = weights[candidate]!
    if (other < weight || other === weight && candidate > id) break
    heap[at] = candidate
    at = child
  }
  heap[at] = id
}

const above = (a: number, b: number, weights: Float32Array): boolean => {
  const [one, other] = [weights[a]!, weights[b]!]
  return one > other || one === other && a < b
}

/**
 * Moves the tokens that survive the cuts to the end of the heap, likeliest last, and returns the heap's size, how many
 * they are and their summed weight. `total` is the sum of all weights, `highest` the largest of them.
 */
const cutToNucleus = (
  heap: Int32Array,
  weights: Float32Array,
  { highest, total }: { readonly highest: number; readonly total: number },
  sampling: Sampling
) => {
  const vocab = weights.length
  const topK = sampling.topK === 0 ? vocab : Math.min(sampling.topK, vocab)
  const limit = (sampling.minP ?? 0) * highest
  // tokens below this need no order: all of them together weigh less than what top-p leaves out (half, for rounding)
  const floor = sampling.topK === 0 ? Math.max(limit, (1 - sampling.topP) * total / vocab / 2) : 0
  let size = 0
  for (let id = 0; id < vocab; id++) if (weights[id]! >= floor) heap[size++] = id
  for (let i = (size >> 1) - 1; i >= 0; i--) siftDown(heap, size, i, weights)
  // with top-k, top-p is a share of what top-k left, so that has to be known first
  const beforeTopP = (kept: number, mass: number) => sampling.topK > 0 ? kept < topK : mass < sampling.topP * total
  let kept = 0
  let mass = 0
  while (kept < size && beforeTopP(kept, mass)) {
    const best = heap[0]!
    kept++
    mass += weights[best]!
    heap[0] = heap[size - kept]!
    heap[size - kept] = best
    siftDown(heap, size - kept, 0, weights)
  }
  const share = sampling.topK > 0 ? sampling.topP * mass : Infinity
  let survivors = 0
  let sum = 0
  while (survivors < kept && sum < share) {
    const weight = weights[heap[size - 1 - survivors]!]!
    if (weight < limit) break
    survivors++
    sum += weight
  }
  return { size, survivors, sum }
}

/** Of all weights, in four sums, because each addition to a single one waits for the one before. */
const sumOf = (weights: Float32Array): number => {
  let [a, b, c, d] = [0, 0, 0, 0]
  const whole = weights.length - weights.length % 4
  for (let i = 0; i < whole; i += 4) {
    a += weights[i]!
    b += weights[i + 1]!
    c += weights[i + 2]!
    d += weights[i + 3]!
  }
  for (let i = whole; i < weights.length; i++) a += weights[i]!
  return a + b + (c + d)
}

/** Rounding of a log-probability. */
const slack = 1e-3

/**
 * A chooser for a vocabulary of `vocab` tokens.
 *
 * **Fails**: the chooser throws `RangeError` when the logits were not finite, which is how a diverged model shows.
 *
 * **Gotchas**: one call draws one number if the temperature is above 0, else none.
 */
export const makeTokenChooser = (vocab: number): TokenChooser => {
  const heap = new Int32Array(vocab)
  return ({ likeliest, logprob, probabilities: weights }, sampling, random) => {
    // a likeliest token is never less likely than all tokens are on average
    if (!(logprob <= slack && logprob >= -Math.log(vocab) - slack)) throw new RangeError("the logits are not finite")
    if (weights === undefined) return { id: likeliest, logprob }
    const highest = weights[likeliest]!
    const chosen = (id: number): Chosen => ({
      id,
      logprob: logprob + sampling.temperature * Math.log(weights[id]! / highest)
    })
    const total = sumOf(weights)
    const uniform = random.uniform()
    if (sampling.topP >= 1 && sampling.topK === 0 && (sampling.minP ?? 0) === 0) {
      return chosen(draw(uniform * total, vocab, (i) => weights[i]!))
    }
    const { size, sum, survivors } = cutToNucleus(heap, weights, { highest, total }, sampling)
    const place = draw(uniform * sum, survivors, (i) => weights[heap[size - 1 - i]!]!)
    return chosen(heap[size - 1 - place]!)
  }
}

/** The first of `count` places at which the running sum of weights exceeds `target`; the last likely one at worst. */
const draw = (target: number, count: number, weightAt: (place: number) => number): number => {
  let sum = 0
  let likely = 0
  for (let place = 0; place < count; place++) {
    const weight = weightAt(place)
    if (weight === 0) continue
    likely = place
    sum += weight
    if (sum > target) return place
  }
  return likely
}
