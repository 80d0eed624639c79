/** What the data stage kept, left out and paid for, as Markdown. */
import { absent, percent } from "./formatShare.ts"
import { markdownTable, markdownText } from "./markdownTable.ts"
import type { DataCounts } from "./ReportInput.ts"

const mixed = ({ harmfulPrompts, mixedPrompts }: DataCounts): string =>
  harmfulPrompts === 0
    ? absent
    : `${mixedPrompts} of ${harmfulPrompts} (${percent(mixedPrompts / harmfulPrompts)} %)`

/** The section `Data`: one row per training set, then what was left out, as far as it happened. */
export const dataSection = (data: ReadonlyArray<DataCounts>): string => {
  const leftOut = data.flatMap((one) =>
    one.leftOut
      .filter(({ count }) => count > 0)
      .map(({ count, what }) => [markdownText(one.name), markdownText(what), `${count}`])
  )
  return [
    "## Data",
    "Mixed prompts are harmful prompts with both safe and unsafe answers; only they give contrastive pairs.",
    markdownTable(
      [
        { header: "training set" },
        ...["examples", "distinct pairs", "mixed prompts"].map((header) => ({ header, align: "right" as const }))
      ],
      data.map((counts) => [
        markdownText(counts.name),
        `${counts.examples}`,
        `${counts.distinctPairs}`,
        mixed(counts)
      ]),
      { padded: true }
    ),
    ...(leftOut.length === 0 ? [] : [
      markdownTable(
        [{ header: "training set" }, { header: "left out" }, { header: "count", align: "right" }],
        leftOut,
        { padded: true }
      )
    ])
  ].join("\n\n")
}
