/**
 * Lines of a source text: offsets to line numbers for messages, and lines and columns of call stacks to offsets.
 */

/** Offsets at which the lines of `text` start. Breaks lines where V8 does, so that its stacks can be looked up. */
export const lineStarts = (text: string): ReadonlyArray<number> => {
  const starts = [0]
  for (const found of text.matchAll(/\r\n?|[\n\u2028\u2029]/g)) starts.push(found.index + found[0].length)
  return starts
}

/** The line, from 1, in which `offset` lies. */
export const lineAt = (starts: ReadonlyArray<number>, offset: number): number => {
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (starts[middle]! <= offset) low = middle
    else high = middle
  }
  return low + 1
}

/** The offset of a line and column, both from 1; `undefined` beyond the last line. */
export const offsetAt = (starts: ReadonlyArray<number>, line: number, column: number): number | undefined => {
  const start = starts[line - 1]
  return start === undefined ? undefined : start + column - 1
}
