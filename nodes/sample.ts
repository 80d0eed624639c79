/**
 * Makes one row of every draw wanted: (prompt, sample index). Asking for 16 instead of 8 adds the 8 missing rows and
 * leaves the others as they are.
 */
import * as Node from "../runtime/Node.ts"
import { Size } from "./quantities.ts"
import { Prompt, Sample } from "./tables.ts"

export const sample = Node.sql({
  name: "sample",
  description: "prompts × sample index",
  inputs: { prompts: Prompt },
  params: { perPrompt: Size, perMathsPrompt: Size },
  output: Sample,
  rows: (
    { prompts },
    params
  ) => (prompts === undefined ? undefined : prompts * Math.max(params.perPrompt, params.perMathsPrompt)),
  select: ({ prompts }, { perMathsPrompt, perPrompt }) =>
    Node.query`
      select ${prompts.promptId} || '#' || draw.i as "sampleId", draw.i as "sampleIndex", ${prompts}.*
      from ${prompts}, (select unnest(range(${Math.max(perPrompt, perMathsPrompt)}))::integer as i) draw
      where draw.i < case when ${prompts.label} = 'maths' then ${perMathsPrompt} else ${perPrompt} end`
})
