/**
 * Chooses the next token from one row of logits: temperature, then top-k, top-p and min-p in the order of transformers,
 * then one draw. Plain arithmetic in float64 over typed arrays; where the logits come from is the decoder's business.
 */
import type { Random } from "./Random.ts"

/** How to choose. */
export interface Sampling {
  /** 0 takes the likeliest token and draws nothing. */
  readonly temperature: number
  /** Keeps the likeliest tokens whose probabilities reach this sum; 1 is off. */
  readonly topP: number
  /** Keeps this many tokens; 0 is off. */
  readonly topK: number
  /** Drops tokens less likely than this share of the likeliest; absent or 0 is off. */
  readonly minP?: number
}

/** A chosen token; `logprob` in nats under the model's own distribution, before temperature and cuts. */
export interface Chosen {
  readonly id: number
  readonly logprob: number
}

/** Chooses tokens of a vocabulary; its buffers are reused from call to call. */
export type TokenChooser = (logits: Float32Array, sampling: Sampling, random: Random) => Chosen

/**
 * A max-heap of token ids by weight, ties by id, so that the order of tokens is total and results are reproducible.
 */
const siftDown = (heap: Int32Array, size: number, from: number, weights: Float64Array): void => {
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

const above = (a: number, b: number, weights: Float64Array): boolean => {
  const [one, other] = [weights[a]!, weights[b]!]
  return one > other || one === other && a < b
}

/**
 * Moves the tokens that survive the cuts to the end of the heap, likeliest last, and returns the heap's size, how many
 * they are and their summed weight. `total` is the sum of all weights.
 */
const cutToNucleus = (heap: Int32Array, weights: Float64Array, total: number, sampling: Sampling) => {
  const vocab = weights.length
  const topK = sampling.topK === 0 ? vocab : Math.min(sampling.topK, vocab)
  // the likeliest token weighs 1
  const limit = sampling.minP ?? 0
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

/**
 * A chooser for rows of `vocab` logits.
 *
 * **Fails**: the chooser throws `RangeError` when the logits are not finite, which is how a diverged model shows.
 *
 * **Gotchas**: one call draws one number if the temperature is above 0, else none.
 */
export const makeTokenChooser = (vocab: number): TokenChooser => {
  const weights = new Float64Array(vocab)
  const heap = new Int32Array(vocab)
  return (logits, sampling, random) => {
    let best = 0
    for (let i = 1; i < vocab; i++) if (logits[i]! > logits[best]!) best = i
    const highest = logits[best]!
    let untempered = 0
    for (let i = 0; i < vocab; i++) untempered += weights[i] = Math.exp(logits[i]! - highest)
    if (!Number.isFinite(untempered)) throw new RangeError("the logits are not finite")
    const chosen = (id: number): Chosen => ({ id, logprob: logits[id]! - highest - Math.log(untempered) })
    if (sampling.temperature === 0) return chosen(best)
    let total = untempered
    if (sampling.temperature !== 1) {
      total = 0
      for (let i = 0; i < vocab; i++) total += weights[i] = Math.exp((logits[i]! - highest) / sampling.temperature)
    }
    const uniform = random.uniform()
    if (sampling.topP >= 1 && sampling.topK === 0 && (sampling.minP ?? 0) === 0) {
      return chosen(draw(uniform * total, vocab, (i) => weights[i]!))
    }
    const { size, sum, survivors } = cutToNucleus(heap, weights, total, sampling)
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
