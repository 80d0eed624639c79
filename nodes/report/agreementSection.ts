/** Two judges side by side, and pass@k, as Markdown. */
import type { Measured } from "./MeasureRows.ts"
import { absent, percent, percentRange } from "./formatShare.ts"
import { markdownTable } from "./markdownTable.ts"

/** What two judges said of the answers of one arm and set. */
export interface AgreementRow {
  readonly arm: string
  readonly set: string
  readonly what: "unsafe" | "refusal"
  readonly both: number
  readonly onlyFirst: number
  readonly onlySecond: number
  readonly neither: number
  readonly unparsable: number
  readonly kappa: number | null
}

/** The section `Two judges`; `about` says who they are. */
export const agreementSection = (
  { titles }: Measured,
  rows: ReadonlyArray<AgreementRow>,
  about: string
): string =>
  [
    "## Two judges",
    `${
      about === "" ? "" : `${about} `
    }The same answers, judged by both; κ is agreement beyond chance (1: full, 0: chance). All rates `
    + "elsewhere are the first judge's.",
    markdownTable(
      [
        { header: "arm" },
        { header: "set" },
        { header: "says" },
        ...["both", "first only", "second only", "neither", "unparsable", "κ"].map((header) => ({
          header,
          align: "right" as const
        }))
      ],
      rows.map(({ arm, both, kappa, neither, onlyFirst, onlySecond, set, unparsable, what }) => [
        titles.arm(arm),
        titles.set(set),
        what,
        ...[both, onlyFirst, onlySecond, neither, unparsable].map(String),
        kappa === null ? absent : kappa.toFixed(2)
      ]),
      { padded: true }
    )
  ].join("\n\n")

/** pass@k of one arm on one set. */
export interface PassRow {
  readonly arm: string
  readonly set: string
  readonly k: number
  readonly problems: number
  readonly answers: number
  readonly share: number
  readonly lo: number
  readonly hi: number
}

/** The section `pass@k`. */
export const passSection = ({ titles }: Measured, rows: ReadonlyArray<PassRow>): string =>
  [
    "## pass@k",
    "Percent of problems with a right answer among k, the unbiased estimate from all answers, in ( ) the 95 % interval of a "
    + "bootstrap over problems.",
    markdownTable(
      [
        { header: "arm" },
        { header: "set" },
        { header: "k", align: "right" },
        { header: "problems", align: "right" },
        { header: "answers", align: "right" },
        { header: "pass@k", align: "right" }
      ],
      rows.map(({ answers, arm, hi, k, lo, problems, set, share }) => [
        titles.arm(arm),
        titles.set(set),
        `${k}`,
        `${problems}`,
        `${answers}`,
        `${percent(share)} (${percentRange({ lo, hi })})`
      ]),
      { padded: true }
    )
  ].join("\n\n")
