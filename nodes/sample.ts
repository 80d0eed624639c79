/**
 * Makes one row of every draw wanted: (prompt, sample index). Asking for 16 instead of 8 adds the 8 missing rows and
 * leaves the others as they are.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import { Prompt, Sample } from "./tables.ts"

export const sample = Node.sql({
  name: "sample",
  description: "prompts × sample index",
  inputs: { prompts: Prompt },
  params: { perPrompt: Schema.Int },
  output: Sample,
  rows: ({ prompts }, params) => (prompts === undefined ? undefined : prompts * params.perPrompt),
  select: ({ prompts }, { perPrompt }) =>
    Node.query`
      select ${prompts.promptId} || '#' || draw.i as "sampleId", draw.i as "sampleIndex", ${prompts}.*
      from ${prompts}, (select unnest(range(${perPrompt}))::integer as i) draw`
})
