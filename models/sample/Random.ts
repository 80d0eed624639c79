/**
 * Small seeded random numbers for sampling tokens and for initial weights. A stream is fixed by a seed and a label and
 * by nothing else, so what one request or one parameter draws never depends on what was drawn before or beside it. Not
 * for secrets.
 */

/** A stream of random numbers. */
export interface Random {
  /** The next number, uniform in [0, 1) with 53 bits. */
  readonly uniform: () => number
  /** The next number, normal with mean 0 and variance 1. */
  readonly normal: () => number
}

/** Mixes 32 bits into a running hash (the finaliser of MurmurHash3). */
const mix = (hash: number, value: number): number => {
  let h = Math.imul(hash ^ value, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) + 0x9e3779b9 | 0
}

/**
 * The random stream of `seed` (a safe integer) and `label`.
 *
 * **Source**: the generator is sfc32 of PractRand (Chris Doty-Humphrey), period at least 2^32; normals are Box-Muller.
 */
export const makeRandom = (seed: number, label = ""): Random => {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`a seed must be a safe integer, got ${seed}`)
  const state = [1, 2, 3].map((salt) => {
    let h = mix(mix(salt, seed | 0), Math.floor(seed / 2 ** 32) | 0)
    for (let i = 0; i < label.length; i++) h = mix(h, label.charCodeAt(i))
    return h
  })
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let counter = 1
  const next = (): number => {
    const t = (a + b | 0) + counter | 0
    counter = counter + 1 | 0
    a = b ^ b >>> 9
    b = c + (c << 3) | 0
    c = (c << 21 | c >>> 11) + t | 0
    return t >>> 0
  }
  for (let i = 0; i < 12; i++) next()
  const uniform = () => ((next() >>> 5) * 0x4000000 + (next() >>> 6)) / 2 ** 53
  let spare: number | undefined
  const normal = () => {
    if (spare !== undefined) {
      const value = spare
      spare = undefined
      return value
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
    const angle = 2 * Math.PI * uniform()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
  return { uniform, normal }
}
