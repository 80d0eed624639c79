/**
 * Runs `work`; `undefined` where a file of it is not there. Those who look after a cache meet files that a run or another
 * process of theirs has just merged or moved.
 */
export const unlessGone = <A>(work: () => A): A | undefined => {
  try {
    return work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
    return undefined
  }
}
