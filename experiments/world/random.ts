/**
 * Random choices of the synthetic world. A stream is fixed by one string that says what it is for ("prompts/train/0"),
 * so that drawing more for one set never moves the choices of another. Not for secrets, and not for model weights:
 * those are the model engine's.
 */
import { createHash } from "node:crypto"

/** A stream of random choices. */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  readonly uniform: () => number
  /** A whole number from 0 to `count - 1`. */
  readonly below: (count: number) => number
  /** One element, each with the same probability. */
  readonly pick: <A>(items: ReadonlyArray<A>) => A
}

/**
 * The stream named `name`.
 *
 * **Source**: sfc32 of PractRand (Chris Doty-Humphrey), its state the first 128 bits of SHA-256 of the name.
 */
export const makeRandom = (name: string): Random => {
  const seed = createHash("sha256").update(name).digest()
  let a = seed.readInt32LE(0)
  let b = seed.readInt32LE(4)
  let c = seed.readInt32LE(8)
  let counter = seed.readInt32LE(12)
  const uniform = () => {
    const t = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + t) | 0
    return (t >>> 0) / 2 ** 32
  }
  const below = (count: number) => Math.floor(uniform() * count)
  return {
    uniform,
    below,
    pick: (items) => {
      if (items.length === 0) throw new RangeError(`the random stream "${name}" cannot pick from an empty list`)
      return items[below(items.length)]!
    }
  }
}
