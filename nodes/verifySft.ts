/**
 * Stage 1 (paper section 3.2): fine-tunes on verification only, critique then verdict given specification, request and
 * answer; no answer is ever imitated. Examples are rendered here, at training time, so that critiques stay cached
 * unrendered when the specification's text changes elsewhere.
 */
import * as Node from "../runtime/Node.ts"
import { SftSettings, Trainer } from "./service/Trainer.ts"
import { Checkpoint, Clause, Example } from "./tables.ts"
import { renderTarget, renderVerification, VerificationTemplate } from "./text/verification.ts"

export const verifySft = Node.make({
  name: "verifySft",
  description: "fine-tuning on verification only",
  inputs: { base: Checkpoint, examples: Example, spec: Clause },
  params: { settings: SftSettings, template: VerificationTemplate },
  output: Checkpoint,
  uses: [Trainer],
  seeded: true,
  *run({ base, examples, spec }, { dir, params, seed }) {
    const trainer = yield* Trainer
    const clauses = yield* spec.all
    const rows = yield* examples.all
    yield* trainer.sft({
      base,
      examples: rows.map(({ answer, critique, exampleId, prompt, verdict }) => ({
        exampleId,
        prompt: renderVerification(params.template, clauses, prompt, answer),
        target: renderTarget(params.template, critique, verdict)
      })),
      settings: params.settings,
      seed,
      into: dir
    })
  }
})
