/** What is asked, what is right, and what it may cost. The numbers are those of the project's plan. */
import { type Facts, pattern } from "./dataset.ts"

export interface Question {
  readonly id: string
  readonly what: string
  readonly statement: string
  /** What the command must print, as JSON. */
  readonly right: (facts: Facts) => unknown
  /**
   * Seconds without the time spent waiting for a core. `whole`: from the start of the process to its end; `beyondStart`:
   * less what it takes to get at the one row of a small table.
   */
  readonly limit?: { readonly of: "whole" | "beyondStart"; readonly atMost: number }
  /** Unit: bytes. */
  readonly rssAtMost: number
}

const most = 400e6

export const questions: ReadonlyArray<Question> = [
  {
    id: "start",
    what: "start to first row",
    statement: "from few",
    right: () => [{ sampleId: "s0" }],
    limit: { of: "whole", atMost: 0.6 },
    rssAtMost: most
  },
  {
    id: "group",
    what: "group by",
    statement: "select verdict, count(*) as n from critique group by all order by all",
    right: ({ byVerdict }) => byVerdict.map(([verdict, n]) => ({ verdict, n })),
    limit: { of: "beyondStart", atMost: 0.5 },
    rssAtMost: most
  },
  {
    id: "like",
    what: "full text, like",
    statement: `select count(*) as n from critique where answer like '%${pattern}%'`,
    right: ({ matching }) => [{ n: matching }],
    limit: { of: "beyondStart", atMost: 1.5 },
    rssAtMost: most
  },
  {
    id: "first",
    what: "the first rows of all",
    statement: "select sampleId from (from critique) limit 2",
    right: () => [{ sampleId: "s0" }, { sampleId: "s1" }],
    rssAtMost: most
  }
]
