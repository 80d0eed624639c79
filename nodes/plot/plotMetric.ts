/**
 * `pipeline plot`: a metric of the cache along an axis, from its name to picture and points. Reads the cache only.
 */
import * as Effect from "effect/Effect"
import { Store } from "../../cache/Store.ts"
import { type Choice, chosenRuns } from "../../runtime/query/chosenRuns.ts"
import { latestNodes } from "../../runtime/query/latestNodes.ts"
import { choiceRefused } from "../../runtime/query/refusal.ts"
import { measured } from "./measured.ts"
import { metricPlot } from "./metricPlot.ts"
import { type MetricLine, metricPoints } from "./metricPoints.ts"
import { metricSources } from "./metricSources.ts"
import type { PlotRefused } from "./PlotRefused.ts"
import { type MetricQuestion, plottable, resolveMetric } from "./resolveMetric.ts"
import { svgToPng } from "./svgToPng.ts"

export interface PlotQuestion extends MetricQuestion {
  /** A condition in SQL on the rows of the table. */
  readonly where: string | undefined
  readonly title: string | undefined
  readonly choice: Choice
}

export interface PlottedMetric {
  readonly svg: string
  readonly png: Uint8Array
  readonly title: string
  /** The node, or the name of a sweep's arms. */
  readonly node: string
  readonly experiment: string
  /** Values are shares of answers. */
  readonly isRate: boolean
  readonly lines: ReadonlyArray<MetricLine>
}

const sourcesNow = Effect.fnUntraced(function*(choice: Choice) {
  const all = yield* (yield* Store).listRuns()
  const runs = chosenRuns(all, choice)
  if (runs.length === 0) return yield* choiceRefused(choice, all)
  return yield* metricSources(latestNodes(runs))
})

/** Lines that say what can be plotted. **Fails**: `QueryRefused` where there is no such run; `StoreFailed`. */
export const listPlottable = (choice: Choice) => Effect.map(sourcesNow(choice), plottable)

const refusing = <A>(work: () => A): Effect.Effect<A, PlotRefused> =>
  Effect.try({ try: work, catch: (error) => error as PlotRefused })

/**
 * The plot that is asked for.
 *
 * **Fails**: `PlotRefused` where it cannot be drawn so; `QueryRefused` where there is no such run; `StoreFailed`.
 */
export const plotMetric = Effect.fnUntraced(function*(question: PlotQuestion) {
  const { by, choice, where, x } = question
  const sources = yield* sourcesNow(choice)
  const source = yield* refusing(() => resolveMetric(sources, question))
  const lines = metricPoints(yield* measured(source, { x, by, where }))
  const isRate = source.kind === "rate"
  const title = question.title ?? `${source.name} by ${x}`
  const svg = yield* Effect.tryPromise({
    try: () => metricPlot(lines, { title, metric: source.name, isRate, x }),
    catch: (error) => error as PlotRefused
  })
  const png = yield* Effect.promise(() => svgToPng(svg))
  const { experiment, node } = source
  return { svg, png, title, node, experiment, isRate, lines } satisfies PlottedMetric
})
