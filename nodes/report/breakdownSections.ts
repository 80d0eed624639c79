/** Rates by clause, by category or by any other group of answers, as Markdown: groups down, arms across. */
import { checkCount, type Count } from "../maths/Interval.ts"
import { wilson } from "../maths/wilson.ts"
import { absent, percent, percentRange, range } from "./formatShare.ts"
import { markdownTable, markdownText } from "./markdownTable.ts"
import type { Breakdown, ReportInput } from "./ReportInput.ts"
import * as Titles from "./Titles.ts"

const metricTable = (
  { by, rows }: Breakdown,
  armOrder: ReadonlyArray<string>,
  titles: Titles.Titles
): string => {
  const present = new Set(rows.map(({ arm }) => arm))
  const arms = [...new Set([...armOrder.filter((arm) => present.has(arm)), ...present])]
  const groups = [...new Set(rows.map(({ group }) => group))]
  const cells = new Map<string, Count>()
  for (const row of rows) {
    checkCount(row, `breakdown of ${row.metric} by ${by}, arm ${row.arm}, group ${row.group}`)
    const key = JSON.stringify([row.group, row.arm])
    const known = cells.get(key) ?? { hits: 0, n: 0 }
    cells.set(key, { hits: known.hits + row.hits, n: known.n + row.n })
  }
  const counts = (group: string) => arms.map((arm) => cells.get(JSON.stringify([group, arm])) ?? { hits: 0, n: 0 })
  return markdownTable(
    [
      { header: markdownText(by) },
      { header: "n", align: "right" },
      ...arms.map((arm) => ({ header: titles.arm(arm), align: "right" as const }))
    ],
    groups.map((group) => [
      markdownText(group),
      range(counts(group).map(({ n }) => n).filter((n) => n > 0)),
      ...counts(group).map((count) =>
        count.n === 0 ? absent : `${percent(count.hits / count.n)} (${percentRange(wilson(count))})`
      )
    ]),
    { padded: true }
  )
}

/** One section per breakdown that has rows, one table per metric in it. **Fails**: `RangeError` for counts that are none. */
export const breakdownSections = (input: ReportInput): ReadonlyArray<string> => {
  const titles = Titles.make(input)
  const armOrder = (input.arms ?? []).map(({ arm }) => arm)
  return (input.breakdowns ?? []).filter(({ rows }) => rows.length > 0).map(({ by, rows }) =>
    [
      `## By ${markdownText(by)}`,
      "Percent of n answers with the 95 % Wilson interval.",
      ...[...new Set(rows.map(({ metric }) => metric))].flatMap((metric) => [
        `### ${titles.pointed(titles.metric(metric), metric)}`,
        metricTable({ by, rows: rows.filter((row) => row.metric === metric) }, armOrder, titles)
      ])
    ].join("\n\n")
  )
}
