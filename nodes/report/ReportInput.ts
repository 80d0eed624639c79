/**
 * What a report is made from: plain data, so that a node, the CLI or a notebook can fill it. Only `title` and `scores`
 * are needed. How it is laid out is in `reportMarkdown.ts`.
 */
import type { AgreementRow, PassRow } from "./agreementSection.ts"
import type { JudgeError } from "./correctionSection.ts"
import type { RewardRow } from "./rewardSection.ts"
import type { ScoreRow } from "./Scoreboard.ts"
import type { VerdictMetrics } from "./verificationSection.ts"

/** How an arm, a set or a metric is printed; what is not listed comes after the listed ones, under its own name. */
export interface ArmTitle {
  readonly arm: string
  readonly title: string
}

export interface SetTitle {
  readonly set: string
  readonly title: string
}

/** Which side is the good one; it becomes an arrow. */
export type Better = "lower" | "higher" | "neither"

export interface MetricTitle {
  readonly metric: string
  readonly title: string
  readonly better: Better
  /** The metric says which set it is about, so that a single set is not named beside it: `maths`. */
  readonly namesItsSet?: boolean
}

/** Rows of the headline table. What was not measured gives no row. */
export type HeadlineMeasure =
  /** A metric on one set, or a row for every set it was measured on. */
  | { readonly kind: "rate"; readonly metric: string; readonly set?: string }
  /** A metric on the set where it is highest in any arm. */
  | { readonly kind: "worst"; readonly metric: string }
  /** Hits of one metric among the hits of another that contains it, over all sets on which both were measured. */
  | {
    readonly kind: "share"
    readonly metric: string
    readonly among: string
    readonly title: string
    readonly better: Better
  }

/** Where a value comes from: stated in the paper; in a reading note of it; in the authors' other code; chosen by us. */
export type Provenance = "paper" | "note" | "sister" | "ours"

export type Setting = string | number | boolean | null | ReadonlyArray<Setting> | { readonly [name: string]: Setting }

export interface ConfigValue {
  /** Dotted, for example `sampling.temperature`. */
  readonly name: string
  readonly value: Setting
  readonly from: Provenance
  /** The pipeline's own value and its place; absent: the value is that one. */
  readonly declared?: { readonly value: Setting; readonly from: Provenance }
}

/** What the data stage made of one training set. */
export interface DataCounts {
  readonly name: string
  readonly examples: number
  /** What was left out and why; the words name the unit, since answers and prompts do not add up. */
  readonly leftOut: ReadonlyArray<{ readonly what: string; readonly count: number }>
  /** Distinct pairs of prompt and answer: what an expert is asked at most. */
  readonly distinctPairs: number
  /** Harmful prompts whose answers contain both safe and unsafe ones; only they give pairs. */
  readonly mixedPrompts: number
  readonly harmfulPrompts: number
}

/** Rates within groups of answers, for example by clause or by category of harm. */
export interface Breakdown {
  /** What the groups are: `clause`, `category`. */
  readonly by: string
  readonly rows: ReadonlyArray<{
    readonly arm: string
    readonly group: string
    readonly metric: string
    readonly hits: number
    readonly n: number
  }>
}

/** Prompts that exactly one of an arm and the base hit, for McNemar's test. */
export interface DiscordantPairs {
  readonly arm: string
  readonly set: string
  readonly metric: string
  readonly onlyArm: number
  readonly onlyBase: number
}

export interface ReportInput {
  readonly title: string
  readonly scores: ReadonlyArray<ScoreRow>
  /** The arm that others are compared with; the first arm unless told. */
  readonly base?: string
  readonly arms?: ReadonlyArray<ArmTitle>
  readonly sets?: ReadonlyArray<SetTitle>
  readonly metrics?: ReadonlyArray<MetricTitle>
  /** The measures that matter, in order; all of them unless told. */
  readonly headline?: ReadonlyArray<HeadlineMeasure>
  /** Without them, McNemar's test is made where every topic is one answer. */
  readonly pairs?: ReadonlyArray<DiscordantPairs>
  /** Two judges on the same answers, and who they are in a sentence. */
  readonly agreement?: { readonly about: string; readonly rows: ReadonlyArray<AgreementRow> }
  readonly passAt?: ReadonlyArray<PassRow>
  /** How the judge errs by answers that people labelled. */
  readonly judgeErrors?: ReadonlyArray<JudgeError>
  readonly breakdowns?: ReadonlyArray<Breakdown>
  /** Which of the metrics count verdicts on answers with a known one. */
  readonly verification?: VerdictMetrics
  /** What stage 2 earned, of the arms that had one. */
  readonly rewards?: ReadonlyArray<RewardRow>
  readonly data?: ReadonlyArray<DataCounts>
  readonly config?: ReadonlyArray<ConfigValue>
  /** Caveats: one sentence or paragraph of Markdown each. */
  readonly notes?: ReadonlyArray<string>
}
