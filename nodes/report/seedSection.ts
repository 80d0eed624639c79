/**
 * Seeds as a level, as Markdown: the mean over training seeds with Student's interval, the rate of every seed, and the
 * interval over seeds and topics together. Only where several seeds were trained.
 */
import { crossedBootstrap } from "../maths/crossedBootstrap.ts"
import type { Count, TopicCounts } from "../maths/Interval.ts"
import { seedInterval } from "../maths/seedInterval.ts"
import { absent, percent, percentRange } from "./formatShare.ts"
import { markdownTable } from "./markdownTable.ts"
import type { Measured, MeasureRow } from "./MeasureRows.ts"
import type { ScoreRow } from "./Scoreboard.ts"

/** Counts by topic of each seed, seeds ascending. */
const bySeed = (scores: ReadonlyArray<ScoreRow>, arm: string, { measure }: MeasureRow): ReadonlyArray<TopicCounts> => {
  const own = scores.filter((row) => row.arm === arm && row.metric === measure?.metric && row.set === measure.set)
  return [...Map.groupBy(own, ({ seed }) => seed ?? 0)].sort(([a], [b]) => a - b).map(([, rows]) => {
    const counts = new Map<string, Count>()
    for (const { hits, n, topic } of rows) {
      const known = counts.get(topic) ?? { hits: 0, n: 0 }
      counts.set(topic, { hits: known.hits + hits, n: known.n + n })
    }
    return counts
  })
}

const shareOf = (counts: TopicCounts): number => {
  let [hits, n] = [0, 0]
  for (const count of counts.values()) {
    hits += count.hits
    n += count.n
  }
  return hits / n
}

const cell = (seeds: ReadonlyArray<TopicCounts>): string => {
  const answered = seeds.filter((counts) => [...counts.values()].some(({ n }) => n > 0))
  if (answered.length === 0) return absent
  const shares = answered.map(shareOf)
  const { interval, mean } = seedInterval(shares)
  const each = shares.map((share) => (100 * share).toFixed(0)).join("/")
  const crossed = crossedBootstrap(answered).interval
  return `${percent(mean)}${interval === null ? "" : ` {${percentRange(interval)}}`} `
    + `[${crossed === null ? absent : percentRange(crossed)}] ${each}`
}

/** The section `By seed`; undefined where every arm has one seed. */
export const seedSection = (
  { board, headline, titles }: Measured,
  scores: ReadonlyArray<ScoreRow>
): string | undefined => {
  if (new Set(scores.map(({ seed }) => seed ?? 0)).size < 2) return undefined
  const rows = headline.filter(({ measure }) => measure !== undefined)
  return [
    "## By seed",
    "Mean over training seeds, percent; in { } Student's 95 % interval over seeds, which may leave 0 to 100 where seeds are "
    + "few; in [ ] the interval of a bootstrap over seeds and topics; then the rate of every seed. The base, prompts, "
    + "rollouts and critiques are the same for all seeds unless the experiment says otherwise.",
    markdownTable(
      [{ header: "measure" }, ...board.arms.map((arm) => ({ header: titles.arm(arm), align: "right" as const }))],
      rows.map((row) => [row.title, ...board.arms.map((arm) => cell(bySeed(scores, arm, row)))]),
      { padded: true }
    )
  ].join("\n\n")
}
