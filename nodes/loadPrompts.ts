/**
 * Loads prompt sets by name through the experiment's prompt source. Prompts of all sets go into one table; which set a
 * prompt belongs to is a column.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import { type PromptRow, PromptsInvalid, PromptSource } from "./service/PromptSource.ts"
import { Prompt, VerificationItem } from "./tables.ts"

const limits = (params: { readonly sets: { readonly [set: string]: number } }) =>
  Object.values(params.sets).reduce((sum, limit) => sum + limit, 0)

/** Why no run can begin where one text is both harmful and benign: examples of it would contradict each other. */
const ofBothKinds = (rows: ReadonlyArray<PromptRow>): PromptsInvalid | undefined => {
  const known = new Map<string, PromptRow>()
  for (const row of rows) {
    const text = row.prompt.trim()
    const other = known.get(text)
    known.set(text, row)
    if (other === undefined || other.label === row.label) continue
    return new PromptsInvalid({
      source: row.source,
      reason: `prompt ${row.promptId} of set ${row.set} is ${row.label}, and the same text is ${other.label} as prompt `
        + `${other.promptId} of set ${other.set} (${other.source})`,
      next: "give the text one label, or leave it out of one set"
    })
  }
  return undefined
}

export const loadPrompts = Node.make({
  name: "loadPrompts",
  description: "prompt sets from the experiment's source",
  inputs: {},
  params: { sets: Schema.Record(Schema.String, Schema.Int) }, // set name to the most prompts wanted
  output: Prompt,
  uses: [PromptSource],
  seeded: true,
  rows: (_, params) => limits(params),
  *run(_, { params, seed }) {
    const source = yield* PromptSource
    const sets = yield* Effect.forEach(Object.entries(params.sets), ([set, limit]) => source.load({ set, limit, seed }))
    const rows = sets.flat()
    const contradiction = ofBothKinds(rows)
    return contradiction === undefined ? rows : yield* contradiction
  }
})

export const loadVerificationItems = Node.make({
  name: "loadVerificationItems",
  description: "pairs with a known verdict, to measure verification",
  inputs: {},
  params: { set: Schema.String, limit: Schema.Int },
  output: VerificationItem,
  uses: [PromptSource],
  seeded: true,
  rows: (_, params) => params.limit,
  *run(_, { params, seed }) {
    return yield* (yield* PromptSource).verificationItems({ ...params, seed })
  }
})
