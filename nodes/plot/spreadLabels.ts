/** Keeps the labels of lines apart where the lines end close to each other. */

/**
 * Positions at least `distance` apart, in the order of `wanted`, as near to it as a single sweep gives: labels that
 * would touch form a block around the mean of where they want to be. Blocks stay within `from` to `to` where there is
 * room.
 *
 * **Unit**: pixels, downwards.
 */
export const spreadLabels = (
  wanted: ReadonlyArray<number>,
  { distance, from, to }: { readonly distance: number; readonly from: number; readonly to: number }
): ReadonlyArray<number> => {
  interface Block {
    readonly labels: ReadonlyArray<number>
    readonly top: number
  }
  const place = (labels: ReadonlyArray<number>): Block => {
    const height = (labels.length - 1) * distance
    const mean = labels.reduce((sum, label) => sum + wanted[label]!, 0) / labels.length
    return { labels, top: Math.max(from, Math.min(to - height, mean - height / 2)) }
  }
  const blocks: Array<Block> = []
  const order = wanted.map((_, label) => label).sort((a, b) => wanted[a]! - wanted[b]! || a - b)
  for (const label of order) {
    let block = place([label])
    for (let above = blocks.at(-1); above !== undefined; above = blocks.at(-1)) {
      if (above.top + above.labels.length * distance <= block.top) break
      block = place([...above.labels, ...block.labels])
      blocks.pop()
    }
    blocks.push(block)
  }
  const positions = wanted.map(() => 0)
  for (const { labels, top } of blocks) labels.forEach((label, i) => positions[label] = top + i * distance)
  return positions
}
