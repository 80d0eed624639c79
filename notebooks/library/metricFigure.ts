/** A metric of an opened cache along an axis, drawn as `pipeline plot` draws it. What it means is in `nodes/plot/`. */
import * as Effect from "effect/Effect"
import { plotMetric } from "../../nodes/plot/plotMetric.ts"
import { existingCache } from "../../runtime/query/existingCache.ts"
import type { Figure } from "./figure.ts"
import type { Cache } from "./open.ts"

export interface MetricFigureOptions {
  /** A column, a rate or a number in a value; with its node where several have it: `scores:verifySft.attackSuccess`. */
  readonly metric: string
  /** An axis of the sweep, or a column of numbers. */
  readonly x: string
  /** A line for each value of these columns. */
  readonly by?: ReadonlyArray<string>
  /** A condition in SQL that rows must fulfil. */
  readonly where?: string
  readonly title?: string
}

/** Draws. **Fails**: rejects with `PlotRefused`, which says what can be plotted. */
export const metricFigure = async (cache: Cache, options: MetricFigureOptions): Promise<Figure> => {
  const { by = [], metric, title, where, x } = options
  const { png, svg, title: drawn } = await Effect.runPromise(
    plotMetric({ metric, x, by, where, title, choice: { experiment: cache.experiment } }).pipe(
      Effect.provide(existingCache(cache.folder))
    )
  )
  return { svg, png, title: drawn, width: 720 }
}
