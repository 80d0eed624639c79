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
import { categoryPrefix, headlineOf, metrics, sets } from "./report/sinternalMeasures.ts"
import { Findings, MixCount, Report, Score } from "./tables.ts"

/** One setting as `runtime/Config.ts` prints it; `declared` is a label and JSON, `note: 0.0002`. */
const PrintedSetting = Schema.Struct({
  path: Schema.String,
  value: Schema.Unknown,
  label: Schema.Literals(["paper", "note", "sister", "ours"]),
  declared: Schema.optionalKey(Schema.String)
})

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
    examples: 2 * mixed + countOf("benign prompts, one safe"),
    leftOut: counts.filter(({ what }) => what.endsWith(dropped))
      .map(({ count, what }) => ({ what: what.slice(0, -dropped.length), count })),
    distinctPairs: countOf("distinct"),
    mixedPrompts: mixed,
    harmfulPrompts: counts.filter(({ what }) => what.startsWith("harmful prompts"))
      .reduce((sum, { count }) => sum + count, 0)
  }
}

export const report = Node.make({
  name: "report",
  description: "the report of the run",
  inputs: { base: Score, verifySft: Score, grpo: Score, mix: MixCount, calibration: Findings, stageTwo: Findings },
  params: {
    title: Schema.String,
    arms: Schema.Array(Schema.Struct({ arm: Schema.String, title: Schema.String })),
    settings: Schema.Array(PrintedSetting),
    notes: Schema.Array(Schema.String)
  },
  output: Report,
  *run(inputs, { params }) {
    const scores = [...(yield* inputs.base.all), ...(yield* inputs.verifySft.all), ...(yield* inputs.grpo.all)]
    const overSets = scores.filter(({ metric, set }) => !set.startsWith(categoryPrefix) && metric !== "told")
    const input: ReportInput = {
      title: params.title,
      scores: overSets,
      base: params.arms[0]!.arm,
      arms: params.arms,
      sets,
      metrics,
      headline: headlineOf(overSets),
      breakdowns: [byCategory(scores)],
      data: [verificationExamples(yield* inputs.mix.all)],
      config: params.settings.map(configValue),
      notes: [...params.notes, ...inputs.stageTwo, ...inputs.calibration]
    }
    return { markdown: reportMarkdown(input), headline: headline(input) }
  }
})
