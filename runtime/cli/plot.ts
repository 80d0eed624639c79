/**
 * `pipeline plot METRIC --x AXIS`: a metric along an axis as SVG and PNG, with its points as a table. What can be plotted
 * and how it looks is in `nodes/plot/`; reads the cache only.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { writeFileSync } from "node:fs"
import { cacheRootOf, projectRootOf } from "../Place.ts"
import { existingCache } from "../query/existingCache.ts"
import { QueryRefused } from "../query/QueryRefused.ts"
import { showRows } from "../terminal/showRows.ts"
import { styleFor } from "../terminal/style.ts"
import { wrap } from "../terminal/text.ts"
import { above } from "./above.ts"
import * as flags from "./flags.ts"
import { columnsOf, print } from "./output.ts"
import { printJson } from "./printJson.ts"

type PlotModule = typeof import("../../nodes/plot/plotMetric.ts")
type Plotted = import("../../nodes/plot/plotMetric.ts").PlottedMetric

const metric = Argument.String("metric").pipe(
  Argument.withDescription(
    "a metric, a column or a number in a value, for example attackSuccess; without: what there is"
  ),
  Argument.optional
)
const x = Flag.String("x").pipe(
  Flag.withDescription("the axis: one of a sweep's, or a column of numbers"),
  Flag.optional
)
const by = Flag.String("by").pipe(
  Flag.withDescription("a line for each value of this column; repeatable"),
  Flag.atLeast(0)
)
const where = Flag.String("where").pipe(
  Flag.withDescription("only rows for which this SQL condition holds: --where \"topic <> 'art'\""),
  Flag.optional
)
const title = Flag.String("title").pipe(Flag.withDescription("what stands above the plot"), Flag.optional)
const out = Flag.String("out").pipe(
  Flag.withDescription("where to write, without or with .svg or .png (default: METRIC-by-AXIS here)"),
  Flag.optional
)
const run = Flag.String("run").pipe(
  Flag.withDescription("the state that this run left, as `ls --runs` names it (default: the latest)"),
  Flag.optional
)
const experiment = Flag.String("experiment").pipe(
  Flag.withDescription("only this experiment's results, for example experiments/quickstart"),
  Flag.optional
)

/** A name for files, whatever the metric is called. */
const fileName = (text: string): string => text.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|-+$/gu, "")

/** Writes both pictures and yields their names. */
const written = (base: string, { png, svg }: Plotted) =>
  Effect.try({
    try: () => {
      writeFileSync(`${base}.svg`, svg)
      writeFileSync(`${base}.png`, png)
      return [`${base}.svg`, `${base}.png`]
    },
    catch: (cause) =>
      new QueryRefused({
        reason: `${base}.svg could not be written: ${cause instanceof Error ? cause.message : String(cause)}`,
        next: "give --out a name in a folder that exists and may be written"
      })
  })

/** Numbers of a table, with as many digits as can be told apart on the plot. */
const shown = (value: number): number => Number(value.toPrecision(4))

const pointsText = ({ isRate, lines, node }: Plotted, axis: string, metric: string): string => {
  const rows = lines.flatMap(({ line, points }) => points.map((point) => ({ line, point })))
  const scale = isRate ? 100 : 1
  const value = `${metric}${isRate ? " %" : ""}`
  const named = lines.length > 1 || lines[0]?.line !== ""
  const columns = {
    ...(named ? { line: rows.map(({ line }) => line) } : {}),
    [axis]: rows.map(({ point }) => point.x),
    [value]: rows.map(({ point }) => shown(scale * point.value)),
    from: rows.map(({ point }) => point.interval === null ? null : shown(scale * point.interval.lo)),
    to: rows.map(({ point }) => point.interval === null ? null : shown(scale * point.interval.hi)),
    n: rows.map(({ point }) => point.n),
    seeds: rows.map(({ point }) => Math.max(1, point.seeds.length))
  }
  const options = { width: columnsOf(process.stdout), style: styleFor(process.stdout) }
  return [node, showRows({ names: Object.keys(columns), columns, rows: rows.length }, options)].join("\n")
}

/** Both are needed for a plot; with neither, what there is. */
const axisNeeded = (name: string) =>
  new QueryRefused({
    reason: `${name} along what? --x is missing`,
    next: "add --x AXIS; `pipeline plot` without a metric lists metrics and axes"
  })

export const plot = Command.make(
  "plot",
  { metric, x, by, where, title, out, run, experiment, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const { listPlottable, plotMetric } = yield* Effect.promise(() => above<PlotModule>("nodes/plot/plotMetric"))
      const choice = { experiment: Option.getOrUndefined(given.experiment), run: Option.getOrUndefined(given.run) }
      if (Option.isNone(given.metric)) {
        const lines = yield* listPlottable(choice)
        return print(lines.flatMap((line) => wrap(line, columnsOf(process.stdout))).join("\n"))
      }
      const name = given.metric.value
      if (Option.isNone(given.x)) return yield* axisNeeded(name)
      const axis = given.x.value
      const plotted = yield* plotMetric({
        metric: name,
        x: axis,
        by: given.by,
        where: Option.getOrUndefined(given.where),
        title: Option.getOrUndefined(given.title),
        choice
      })
      const asked = Option.getOrElse(given.out, () => fileName(`${name}-by-${axis}`))
      const files = yield* written(asked.replace(/\.(?:svg|png)$/u, ""), plotted)
      const { experiment, isRate, lines, node } = plotted
      if (given.json) return printJson({ node, experiment, metric: name, x: axis, isRate, lines, files })
      print(pointsText(plotted, axis, name))
      print(files.join("\n"))
    }).pipe(
      Effect.provide(
        existingCache(
          cacheRootOf(projectRootOf(process.cwd()), Option.getOrUndefined(given.cache), process.env["PIPELINE_CACHE"])
        )
      )
    )
).pipe(Command.withDescription("a metric along an axis, as SVG and PNG"))
