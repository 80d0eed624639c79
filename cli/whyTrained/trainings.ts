/** What the trainings of a run saw, step by step: the logs that trainers leave beside their checkpoints. */
import * as Effect from "effect/Effect"
import type { RunNode } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { trainingFile } from "../../nodes/service/Trainer.ts"
import { droppedExamples, trainedRows } from "../../nodes/trainedOn.ts"
import { QueryRefused } from "../../runtime/query/QueryRefused.ts"
import type { PresentRun } from "../presentRun.ts"

export type TrainedRow = ReturnType<typeof trainedRows>[number]

export interface Training {
  /** The node that trained. */
  readonly label: string
  /** How many optimiser steps it made. */
  readonly steps: number
  readonly rows: ReadonlyArray<TrainedRow>
  readonly dropped: ReturnType<typeof droppedExamples>
}

const readTraining = (label: string, text: string): Effect.Effect<Training, QueryRefused> =>
  Effect.try({
    try: () => {
      const rows = trainedRows(text)
      return { label, steps: rows.at(-1)?.step ?? 0, rows, dropped: droppedExamples(text) }
    },
    catch: () =>
      new QueryRefused({
        reason: `the ${trainingFile} of ${label} has a form that this version cannot read`,
        next: "train again with this version, or ask with the one that trained"
      })
  })

/** The training that made a node's folder, if one did and kept a log. **Fails**: like `trainingsOf`. */
export const trainingOf = Effect.fnUntraced(function*({ label, manifest }: RunNode) {
  const file = manifest?.kind === "folder" ? manifest.files.find(({ path }) => path === trainingFile) : undefined
  if (file === undefined) return undefined
  const bytes: Uint8Array = yield* (yield* Store).readBlob(file.blob)
  return yield* readTraining(label, new TextDecoder().decode(bytes))
})

/** Every training of the run, in the order of the graph. **Fails**: `QueryRefused` for a log of another form; `StoreFailed`. */
export const trainingsOf = Effect.fnUntraced(function*(run: PresentRun) {
  const found: Array<Training> = []
  for (const node of run.nodes.values()) {
    const training = yield* trainingOf(node)
    if (training !== undefined) found.push(training)
  }
  return found as ReadonlyArray<Training>
})
