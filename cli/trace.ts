/**
 * `pipeline trace` as the method has it: where the way back of a row reaches a policy, it goes on to the examples and
 * prompts that moved the policy most, and so from a metric to critiques, clauses and prompts. The walk is the engine's.
 */
import * as Effect from "effect/Effect"
import type { RunNode } from "../cache/Manifest.ts"
import { traceWith } from "../runtime/cli/trace.ts"
import { count } from "../runtime/terminal/format.ts"
import type { Mover } from "../runtime/Trace.ts"
import { type TrainedRow, trainingOf } from "./whyTrained/trainings.ts"

/** Examples and prompts by their weight over all steps, the heaviest first; what moved nothing is not among them. */
const heaviest = (rows: ReadonlyArray<TrainedRow>, steps: number): ReadonlyArray<Mover> =>
  [...Map.groupBy(rows, ({ id }) => id)]
    .map(([row, own]) => ({
      row,
      weight: own.reduce((sum, { weight }) => sum + weight, 0),
      seen: new Set(own.filter(({ weight }) => weight > 0).map(({ step }) => step)).size
    }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ row, seen, weight }) => ({
      row,
      by: `moved it in ${count(seen)} of ${count(steps)} steps, weight ${Number(weight.toPrecision(3))}`
    }))

/** Who moved a policy. A log of another form says nothing here; `why-trained` says that it cannot be read. */
const movers = (node: RunNode) =>
  trainingOf(node).pipe(
    Effect.map((training) => training === undefined ? [] : heaviest(training.rows, training.steps)),
    Effect.catchTag("QueryRefused", () => Effect.succeed<ReadonlyArray<Mover>>([]))
  )

export const trace = traceWith({ movers })
