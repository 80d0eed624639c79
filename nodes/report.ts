/**
 * Writes the report of a run: the rates that matter with their intervals, the falls from the base, every measure, what
 * was kept and dropped, every setting with the place it comes from, and the sentences an experiment says about itself.
 * Layout is `nodes/report/`.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import type { Row } from "../runtime/Type.ts"
import { headline } from "./report/headline.ts"
import type { Breakdown, ConfigValue, DataCounts, Provenance, ReportInput, Setting } from "./report/ReportInput.ts"
import { reportMarkdown } from "./report/reportMarkdown.ts"
import { categoryPrefix, headlineOf, metrics, sets, verdicts } from "./report/sinternalMeasures.ts"
import { JudgeAgreement } from "./judgeAgreement.ts"
import { PassAt } from "./passAt.ts"
import { type PrintedSetting, PrintedSettings } from "./printedSettings.ts"
import { RewardStep } from "./rewardSteps.ts"
import { Findings, JudgeErrors, MixCount, Pairs, Report, type Score, SeedScore } from "./tables.ts"

const configValue = ({ declared, label, path, value }: typeof PrintedSetting.Type): ConfigValue => {
  const entry = { name: path, value: value as Setting, from: label }
  if (declared === undefined) return entry
  const [from, ...json] = declared.split(": ")
  return { ...entry, declared: { from: from as Provenance, value: JSON.parse(json.join(": ")) } }
}

/** How often each category's fact was told. On whole sets that is attack success, unless a clause is open. */
const byCategory = (scores: ReadonlyArray<Row<typeof Score.columns>>): Breakdown => ({
  by: "category",
  rows: scores.filter(({ set }) => set.startsWith(categoryPrefix))
    .map(({ set, ...row }) => ({ ...row, group: set.slice(categoryPrefix.length) }))
})

const dropped = ", dropped"

/** What became of the samples; the names of the counts are those of `mixCounts`. */
const verificationExamples = (counts: ReadonlyArray<Row<typeof MixCount.columns>>): DataCounts => {
  const countOf = (start: string) => counts.find(({ what }) => what.startsWith(start))?.count ?? 0
  const mixed = countOf("harmful prompts, mixed")
  return {
    name: "verification examples",
    examples: counts.find(({ what }) => what === "examples")?.count ?? 2 * mixed + countOf("benign prompts, one safe"),
    leftOut: counts.filter(({ what }) => what.endsWith(dropped))
      .map(({ count, what }) => ({ what: what.slice(0, -dropped.length), count })),
    distinctPairs: countOf("distinct"),
    mixedPrompts: mixed,
    harmfulPrompts: counts.filter(({ what }) => what.startsWith("harmful prompts"))
      .reduce((sum, { count }) => sum + count, 0)
  }
}

/** What a report needs beside its tables. */
export const reportParams = {
  title: Schema.String,
  arms: Schema.Array(Schema.Struct({ arm: Schema.String, title: Schema.String })), // the first is the base
  notes: Schema.Array(Schema.String),
  judges: Schema.String // who the two judges are, in a sentence; empty where there is one
}

export const report = Node.make({
  name: "report",
  description: "the report of the run",
  inputs: {
    scores: SeedScore,
    pairs: Pairs,
    mix: MixCount,
    errors: JudgeErrors,
    agreement: JudgeAgreement,
    passAt: PassAt,
    rewards: RewardStep,
    findings: Findings,
    settings: PrintedSettings
  },
  params: reportParams,
  output: Report,
  *run(inputs, { params }) {
    const scores = yield* inputs.scores.all
    const overSets = scores.filter(({ metric, set }) => !set.startsWith(categoryPrefix) && metric !== "told")
    const mix = yield* inputs.mix.all
    const pairs = yield* inputs.pairs.all
    const agreement = yield* inputs.agreement.all
    const input: ReportInput = {
      title: params.title,
      scores: overSets,
      base: params.arms[0]!.arm,
      arms: params.arms,
      sets,
      metrics,
      headline: headlineOf(overSets),
      ...(pairs.length === 0 ? {} : { pairs }),
      ...(agreement.length === 0 ? {} : { agreement: { about: params.judges, rows: agreement } }),
      passAt: (yield* inputs.passAt.all).filter(({ k }) => k > 1),
      judgeErrors: yield* inputs.errors.all,
      breakdowns: [byCategory(scores)],
      verification: verdicts,
      rewards: yield* inputs.rewards.all,
      data: mix.length === 0 ? [] : [verificationExamples(mix)],
      config: inputs.settings.map(configValue),
      notes: [...params.notes, ...inputs.findings]
    }
    return { markdown: reportMarkdown(input), headline: headline(input), input }
  }
})
