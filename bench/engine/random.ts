/**
 * Numbers that look random and are the same in every run of the bench.
 */

/** **Returns** a function from `below` to an integer in [0, below). */
export const random = (seed: number): (below: number) => number => {
  let state = (Math.imul(seed, 0x9e3779b9) ^ 0x243f6a88) >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}
