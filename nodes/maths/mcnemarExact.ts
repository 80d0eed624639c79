/**
 * McNemar's exact test for two arms on the same prompts. It takes prompts as independent; where they cluster by topic,
 * `pairedClusterBootstrap.ts` is the honest one.
 */

/**
 * The two-sided p-value of the hypothesis that discordant pairs fall either way with probability one half.
 * Pairs on which both arms agree do not matter. No discordant pair gives 1.
 *
 * **Shape**: `onlyFirst` and `onlySecond` count the prompts that only that arm hit.
 * **Fails**: `RangeError` for counts that are no non-negative integers.
 * **Source**: Q. McNemar, Psychometrika 12 (1947) 153-157; exact form: twice the smaller binomial tail, at most 1.
 */
export const mcnemarExact = (onlyFirst: number, onlySecond: number): number => {
  for (const count of [onlyFirst, onlySecond]) {
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`mcnemarExact: ${count} is no count of pairs`)
  }
  const n = onlyFirst + onlySecond
  const smaller = Math.min(onlyFirst, onlySecond)
  // Whole numbers, because 2^-n leaves the range of doubles at n = 1,075.
  let choose = 1n
  let tail = 1n
  for (let i = 1; i <= smaller; i++) {
    choose = choose * BigInt(n - i + 1) / BigInt(i)
    tail += choose
  }
  const excess = Math.max(0, tail.toString(16).length * 4 - 64) // keep the upper 64 bits, more than a double holds
  return Math.min(1, Number(tail >> BigInt(excess)) * 2 ** (excess - n + 1))
}
