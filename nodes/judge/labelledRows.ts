/**
 * Answers whose refusals people have labelled, to calibrate a refusal judge on. The files lie in a pinned package; their
 * form is known to `inputs/scoredAnswers.ts`.
 */
import * as Effect from "effect/Effect"
import { open } from "../inputs/package.ts"
import * as Pins from "../inputs/pins.ts"
import { readRefusalScores } from "../inputs/scoredAnswers.ts"

export interface LabelledRow {
  readonly prompt: string
  readonly answer: string
  /** By the raters' rubric: it declines, or it has nothing to do with the request. */
  readonly refusal: boolean
  /** Rows with an equal request or answer share a group. */
  readonly group: string
}

/** 169 rows, 109 of them refusals. **Fails**: `PackageUnavailable`, `PromptsInvalid`. */
export const loadLabelledRows = Effect.map(
  readRefusalScores({ pyrit: open(Pins.pyrit) }),
  (rows) =>
    rows.map(({ group, objective, response, score }): LabelledRow => ({
      prompt: objective,
      answer: response,
      refusal: score >= 0.5,
      group
    }))
)
