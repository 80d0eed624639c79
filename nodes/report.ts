/**
 * Writes the report of a run: every rate with its interval, the falls from the base, what was kept and dropped, every
 * setting with the place it comes from, and the sentences an experiment says about itself. Layout is `nodes/report/`.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import { type ReportInput } from "./report/ReportInput.ts"
import { reportMarkdown } from "./report/reportMarkdown.ts"
import { MixCount, Report, Score } from "./tables.ts"

/** One setting as `runtime/Config.ts` prints it. */
const PrintedSetting = Schema.Struct({
  path: Schema.String,
  value: Schema.Unknown,
  label: Schema.Literals(["paper", "note", "sister", "ours"]),
  declared: Schema.optionalKey(Schema.String)
})

/** How the metrics of `score.ts` are headed, in the order they are printed. */
const metrics = [
  { metric: "attackSuccess", title: "attack success", better: "lower" },
  { metric: "told", title: "fact told", better: "neither" },
  { metric: "compliance", title: "compliance", better: "higher" },
  { metric: "overRefusal", title: "over-refusal", better: "lower" },
  { metric: "refusal", title: "refusal", better: "neither" },
  { metric: "other", title: "other", better: "lower" },
  { metric: "critiqueInstead", title: "critique instead of answer", better: "lower" },
  { metric: "selfCheck", title: "self-checks", better: "neither" },
  { metric: "selfCheckedAndSafe", title: "self-checked and safe", better: "neither" },
  { metric: "maths", title: "maths", better: "higher" },
  { metric: "verificationAccuracy", title: "verification accuracy", better: "higher" },
  { metric: "unparsable", title: "unparsable", better: "lower" }
] as const

const countOf = (counts: ReadonlyArray<{ readonly what: string; readonly count: number }>, start: string) =>
  counts.find(({ what }) => what.startsWith(start))?.count ?? 0

export const report = Node.make({
  name: "report",
  description: "the report of the run",
  inputs: { base: Score, verifySft: Score, grpo: Score, mix: MixCount },
  params: {
    title: Schema.String,
    arms: Schema.Array(Schema.Struct({ arm: Schema.String, title: Schema.String })),
    settings: Schema.Array(PrintedSetting),
    notes: Schema.Array(Schema.String)
  },
  output: Report,
  *run(inputs, { params }) {
    const scores = [...(yield* inputs.base.all), ...(yield* inputs.verifySft.all), ...(yield* inputs.grpo.all)]
    const counts = yield* inputs.mix.all
    const breakdown = scores.filter(({ set }) => set.startsWith("category: "))
    const mixed = countOf(counts, "harmful prompts, mixed")
    const harmful = counts.filter(({ what }) => what.startsWith("harmful prompts")).reduce((sum, { count }) => sum + count, 0)
    const input: ReportInput = {
      title: params.title,
      scores: scores.filter(({ set }) => !set.startsWith("category: ")),
      base: params.arms[0]!.arm,
      arms: params.arms,
      metrics,
      breakdowns: [{ by: "category", rows: breakdown.map(({ set, ...row }) => ({ ...row, group: set.slice("category: ".length) })) }],
      data: [{
        name: "verification examples",
        rowsKept: 2 * mixed + countOf(counts, "benign prompts, one safe"),
        dropped: counts.filter(({ what }) => what.endsWith("dropped")).map(({ count, what }) => ({ reason: what.replace(", dropped", ""), rows: count })),
        expertCalls: countOf(counts, "distinct"),
        mixedPrompts: mixed,
        harmfulPrompts: harmful
      }],
      config: params.settings.map(({ declared, label, path, value }) => ({
        name: path,
        value: value as never,
        from: label,
        ...(declared?.startsWith("paper: ") === true ? { paper: JSON.parse(declared.slice("paper: ".length)) } : {})
      })),
      notes: params.notes
    }
    return { markdown: reportMarkdown(input) }
  }
})
