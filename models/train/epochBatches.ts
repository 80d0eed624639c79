/**
 * The order in which a trainer sees its examples: shuffled every epoch, with batches of similar length so that little
 * is padding. It depends on the seed, the epoch and the lengths only, so a resumed run needs no stored generator.
 */
import { makeRandom, type Random } from "../sample/Random.ts"

/** Batches whose examples are sorted by length together; larger would batch better and shuffle worse. */
const batchesPerChunk = 32

const shuffle = <A>(items: Array<A>, random: Random): Array<A> => {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1))
    const held = items[i]!
    items[i] = items[j]!
    items[j] = held
  }
  return items
}

/**
 * The batches of one epoch as lists of example indices: each example once, all batches full but possibly one. There are
 * `⌈lengths.length / batchSize⌉` of them.
 */
export const epochBatches = (
  lengths: ReadonlyArray<number>,
  batchSize: number,
  seed: number,
  epoch: number
): ReadonlyArray<ReadonlyArray<number>> => {
  const random = makeRandom(seed, `order/${epoch}`)
  const order = shuffle(Array.from(lengths.keys()), random)
  const batches: Array<ReadonlyArray<number>> = []
  const chunk = batchSize * batchesPerChunk
  for (let start = 0; start < order.length; start += chunk) {
    const sorted = order.slice(start, start + chunk).sort((a, b) => lengths[a]! - lengths[b]!)
    for (let i = 0; i < sorted.length; i += batchSize) batches.push(sorted.slice(i, i + batchSize))
  }
  return shuffle(batches, random)
}
