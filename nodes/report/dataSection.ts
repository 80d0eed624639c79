/** What the data stage kept, dropped and paid for, as Markdown. */
import { absent, percent } from "./formatShare.ts"
import { markdownTable, markdownText } from "./markdownTable.ts"
import type { DataCounts } from "./ReportInput.ts"

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((a, b) => a + b, 0)

const mixed = ({ harmfulPrompts, mixedPrompts }: DataCounts): string =>
  harmfulPrompts === 0
    ? absent
    : `${mixedPrompts} of ${harmfulPrompts} (${percent(mixedPrompts / harmfulPrompts)} %)`

/** The section `Data`: one row per training set, then every reason for which rows were dropped. */
export const dataSection = (data: ReadonlyArray<DataCounts>): string => {
  const reasons = data.flatMap(({ dropped, name }) =>
    dropped
      .filter(({ rows }) => rows > 0)
      .map(({ reason, rows }) => [markdownText(name), markdownText(reason), `${rows}`])
  )
  return [
    "## Data",
    "Mixed prompts are harmful prompts with both safe and unsafe answers; only they give contrastive pairs.",
    markdownTable(
      [
        { header: "training set" },
        ...["rows kept", "rows dropped", "expert calls", "mixed prompts"].map((header) => ({
          header,
          align: "right" as const
        }))
      ],
      data.map((counts) => [
        markdownText(counts.name),
        `${counts.rowsKept}`,
        `${sum(counts.dropped.map(({ rows }) => rows))}`,
        `${counts.expertCalls}`,
        mixed(counts)
      ])
    ),
    ...(reasons.length === 0 ? [] : [
      markdownTable(
        [{ header: "training set" }, { header: "dropped because" }, { header: "rows", align: "right" }],
        reasons
      )
    ])
  ].join("\n\n")
}
