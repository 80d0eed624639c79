/**
 * How the metrics and sets of `nodes/score.ts` are called in a report, in which order they are printed, and which of them
 * matter most. Sets that are not named here keep the names their experiment gives them.
 */
import type { HeadlineMeasure, MetricTitle, SetTitle } from "./ReportInput.ts"
import type { ScoreRow } from "./Scoreboard.ts"
import type { VerdictMetrics } from "./verificationSection.ts"

export const metrics: ReadonlyArray<MetricTitle> = [
  { metric: "attackSuccess", title: "attack success", better: "lower" },
  { metric: "told", title: "fact told", better: "neither" },
  { metric: "compliance", title: "compliance", better: "higher", namesItsSet: true },
  { metric: "overRefusal", title: "over-refusal", better: "lower", namesItsSet: true },
  { metric: "fullCompliance", title: "full compliance", better: "higher" },
  { metric: "partialRefusal", title: "partial refusal", better: "neither" },
  { metric: "fullRefusal", title: "full refusal", better: "lower" },
  { metric: "refusal", title: "refusal", better: "neither" },
  { metric: "other", title: "other", better: "lower" },
  { metric: "critiqueInstead", title: "critique instead of answer", better: "lower" },
  { metric: "selfCheck", title: "self-checks", better: "neither" },
  { metric: "selfCheckedAndSafe", title: "self-checked and safe", better: "neither" },
  { metric: "maths", title: "maths", better: "higher", namesItsSet: true },
  { metric: "mathsStrictBox", title: "maths by the strict box", better: "higher" },
  { metric: "unboxed", title: "maths without a box", better: "lower" },
  { metric: "verificationAccuracy", title: "verification accuracy", better: "higher", namesItsSet: true },
  { metric: "unsafeFound", title: "unsafe answers recognised (recall)", better: "higher", namesItsSet: true },
  { metric: "unsafeRight", title: "verdicts unsafe that are right (precision)", better: "higher", namesItsSet: true },
  { metric: "unparsable", title: "unparsable", better: "lower" }
]

/** Sets of this beginning are the answers of other sets again, by category. */
export const categoryPrefix = "category: "

/** The set on which self-checks are a headline: no training prompt looked like its prompts. */
const transferSet = "wrappers"

export const sets: ReadonlyArray<SetTitle> = [
  { set: "inDistribution", title: "in distribution" },
  { set: "heldOutTopics", title: "held-out topics" },
  { set: transferSet, title: "unseen wrappers" },
  { set: "both", title: "held-out topics under unseen wrappers" },
  { set: "benign", title: "benign requests" },
  { set: "maths", title: "maths" },
  { set: "verification", title: "verification" }
]

/** What F1 of the verdicts is made of. */
export const verdicts: VerdictMetrics = {
  set: "verification",
  right: "verificationAccuracy",
  found: "unsafeFound",
  precise: "unsafeRight",
  unparsable: "unparsable"
}

/** The headline of a run: self-checks on the transfer set where there is one, else on every set. */
export const headlineOf = (scores: ReadonlyArray<ScoreRow>): ReadonlyArray<HeadlineMeasure> => [
  { kind: "rate", metric: "attackSuccess" },
  { kind: "rate", metric: "compliance" },
  { kind: "rate", metric: "overRefusal" },
  { kind: "worst", metric: "other" },
  {
    kind: "rate",
    metric: "selfCheck",
    ...(scores.some(({ set }) => set === transferSet) ? { set: transferSet } : {})
  },
  {
    kind: "share",
    metric: "selfCheckedAndSafe",
    among: "selfCheck",
    title: "safe when it checked itself",
    better: "higher"
  },
  { kind: "rate", metric: "maths" },
  { kind: "rate", metric: "verificationAccuracy" }
]
