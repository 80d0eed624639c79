/**
 * Fails the run when an evaluation prompt, or nearly one, is among the training prompts, or when an example that is
 * trained on does not come from a training prompt. Both run before anything is trained; what counts as one unit is said
 * by source. The base model's own corpus lies outside.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import type { Row } from "../runtime/Type.ts"
import { findLeaks, type Leak, type Unit } from "./leaks/findLeaks.ts"
import { LeakFound, namedPaths } from "./leaks/LeakFound.ts"
import { Share } from "./quantities.ts"
import { Example, Findings, Prompt } from "./tables.ts"

type PromptRow = Row<typeof Prompt.columns>

/** What makes two prompts one. */
export const leakParams = {
  /** Sources, by the beginning of their names, whose unit is the exact prompt: near duplicates are by design. */
  exactSources: Schema.Array(Schema.String),
  /** Likeness from which two prompts are one, of sources whose unit is not the exact prompt. */
  threshold: Share
}

/** Prompts as units of comparison. */
export const unitsOf = (
  prompts: ReadonlyArray<PromptRow>,
  exactSources: ReadonlyArray<string>
): ReadonlyArray<Unit> =>
  prompts.map(({ prompt, promptId, source }) => ({
    id: promptId,
    text: prompt,
    compare: exactSources.some((each) => source.startsWith(each)) ? "exact" : "near"
  }))

const place = ({ promptId, set, source }: PromptRow): string => `${promptId} (set ${set}, ${source})`

/** The way from an evaluation prompt to training, in words. */
const pathOf = (
  { id, kind, likeness, other }: Leak,
  evaluation: ReadonlyMap<string, PromptRow>,
  training: ReadonlyMap<string, PromptRow>
): string =>
  `evaluation prompt ${place(evaluation.get(id)!)} → ${
    kind === "exact" ? "the same text" : `likeness ${likeness.toFixed(2)}`
  }`
  + ` → training prompt ${place(training.get(other)!)}`

const byId = (prompts: ReadonlyArray<PromptRow>) => new Map(prompts.map((row) => [row.promptId, row]))

export const leakCheck = Node.make({
  name: "leakCheck",
  description: "no evaluation prompt among training prompts",
  inputs: { training: Prompt, maths: Prompt, evaluation: Prompt },
  params: leakParams,
  output: Findings,
  *run(inputs, { params: { exactSources, threshold } }) {
    const training = [...(yield* inputs.training.all), ...(yield* inputs.maths.all)]
    const evaluation = yield* inputs.evaluation.all
    const leaks = findLeaks(unitsOf(evaluation, exactSources), unitsOf(training, exactSources), threshold)
    if (leaks.length > 0) {
      return yield* new LeakFound({
        exact: leaks.filter(({ kind }) => kind === "exact").length,
        near: leaks.filter(({ kind }) => kind === "near").length,
        paths: leaks.slice(0, namedPaths).map((leak) => pathOf(leak, byId(evaluation), byId(training))),
        next: "take them out of one side, or set `leaks.dropFromTraining`; look at a prompt with `pipeline query`"
      })
    }
    const exact = exactSources.filter((source) => evaluation.some((row) => row.source.startsWith(source)))
    return [
      `Leak check: none of ${evaluation.length} evaluation prompts is among ${training.length} training prompts, exactly or `
      + `nearly (likeness from ${threshold})${
        exact.length === 0 ? "" : `; of ${exact.join(", ")} one unit is the exact prompt`
      }. What the base model saw before lies outside the check.`
    ]
  }
})

export const lineageCheck = Node.make({
  name: "lineageCheck",
  description: "every example comes from a training prompt",
  inputs: { examples: Example, training: Prompt, evaluation: Prompt },
  output: Findings,
  *run(inputs) {
    const [evaluation, training] = [byId(yield* inputs.evaluation.all), byId(yield* inputs.training.all)]
    const examples = yield* inputs.examples.all
    const foreign = examples.filter(({ promptId }) => evaluation.has(promptId) || !training.has(promptId))
    if (foreign.length === 0) return []
    const origin = (promptId: string) => {
      const known = evaluation.get(promptId)
      return known === undefined
        ? `prompt ${promptId}, which no training set holds`
        : `evaluation prompt ${place(known)}`
    }
    return yield* new LeakFound({
      exact: foreign.length,
      near: 0,
      paths: foreign.slice(0, namedPaths).map(({ exampleId, promptId }) =>
        `${origin(promptId)} → example ${exampleId}`
      ),
      next: "connect the training prompts to the rollouts that examples are made of"
    })
  }
})
