/**
 * Nodes that read the scores of all arms of a sweep over one number: a picture of attack success with its points, and the
 * report with the table of them. How they look is in `nodes/plot/`.
 *
 * Both are made for the arms of one sweep: call `plotSweep` and `reportSweep` at the top level of the experiment's module
 * and connect the arms in its `collect`.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import * as Type from "../runtime/Type.ts"
import type { Row, Rows } from "../runtime/Type.ts"
import { sweepMarkdown, sweepPlot } from "./plot/sweepPlot.ts"
import { type SweepArm, sweepPoints } from "./plot/sweepPoints.ts"
import { writePlot } from "./plot/writePlot.ts"
import { bulletList, markdownText } from "./report/markdownTable.ts"
import { wrapMarkdown } from "./report/wrapMarkdown.ts"
import { Report, Score } from "./tables.ts"

/** A folder of pictures and their data: `attack-success.svg`, `attack-success.png`, `points.json`, `points.md`. */
export const Plot = Type.artifact("plot")

/** The point of each arm by its label, and what is written at the axes. */
const params = {
  arms: Schema.Record(Schema.String, Schema.Struct({ x: Schema.Finite, seed: Schema.Int })),
  title: Schema.String,
  x: Schema.Struct({ label: Schema.String, percent: Schema.Boolean }), // percent: values are shares
  set: Schema.Struct({ name: Schema.String, title: Schema.String }) // the prompt set with a line of its own
}

type Points = { readonly [label: string]: { readonly x: number; readonly seed: number } }

/** A label for which the node was made is missing from its parameters. */
export class PointMissing extends Schema.TaggedError<PointMissing>()("PointMissing", {
  label: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    const known = this.known.join(", ")
    return `arm ${this.label} has no point: \`arms\` names ${known}; use the labels the node was made for`
  }
}

const readArms = Effect.fnUntraced(function*(
  inputs: { readonly [label: string]: Rows<Row<typeof Score.columns>> },
  points: Points
) {
  const arms: Array<SweepArm> = []
  for (const [label, scores] of Object.entries(inputs)) {
    const point = points[label]
    if (point === undefined) return yield* new PointMissing({ label, known: Object.keys(points) })
    arms.push({ ...point, scores: yield* scores.all })
  }
  return arms
})

const ports = (labels: ReadonlyArray<string>): { readonly [label: string]: typeof Score } =>
  Object.fromEntries(labels.map((label) => [label, Score]))

/** The picture of a sweep whose arms have these labels. Fails with `PointMissing` for a label without a point. */
export const plotSweep = (labels: ReadonlyArray<string>) =>
  Node.make({
    name: "plotSweep",
    description: "attack success along the sweep, drawn",
    inputs: ports(labels),
    params,
    output: Plot,
    *run(inputs, { dir, params }) {
      const arms = yield* readArms(inputs, params.arms)
      yield* writePlot(dir, yield* Effect.promise(() => sweepPlot(arms, params)))
    }
  })

/** The report of a sweep whose arms have these labels. Fails with `PointMissing` for a label without a point. */
export const reportSweep = (labels: ReadonlyArray<string>) =>
  Node.make({
    name: "reportSweep",
    description: "attack success along the sweep, as a table",
    inputs: ports(labels),
    params: { ...params, notes: Schema.Array(Schema.String) },
    output: Report,
    *run(inputs, { params }) {
      const points = sweepPoints(yield* readArms(inputs, params.arms), { set: params.set.name })
      const parts = [
        `# ${markdownText(params.title)}`,
        sweepMarkdown(points, params),
        ...(params.notes.length === 0 ? [] : [bulletList(params.notes)])
      ]
      const markdown = `${parts.join("\n\n")}\n`
      return { markdown, headline: wrapMarkdown(markdown) }
    }
  })
