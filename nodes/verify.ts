/**
 * Asks a policy to judge pairs with a known verdict, in the same words as in training: the ability that the paper finds
 * below chance after safety training of the usual kind (Fig. 2). What cannot be read as a verdict is a class of its own.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import * as Guard from "./service/Guard.ts"
import { Sampler, Sampling } from "./service/Sampler.ts"
import { Checkpoint, Clause, Verification, VerificationItem } from "./tables.ts"
import { readVerdict, renderVerification, VerificationTemplate } from "./text/verification.ts"

const EvaluationGuard = Guard.named("evaluation")

export const verify = Node.mapRows({
  name: "verify",
  description: "the policy's own verdicts on pairs with a known one",
  input: VerificationItem,
  side: { policy: Checkpoint, spec: Clause },
  carry: ["itemId", "topic"],
  params: {
    sampling: Sampling,
    template: VerificationTemplate,
    gold: Schema.Literals(["item", "guard"]) // `guard`: the specification in force decides what is right, not the item's label
  },
  output: Verification,
  uses: [Sampler, EvaluationGuard],
  seeded: true,
  given: (_, side) => side,
  *run({ answer, prompt, verdict }, { given: { policy, spec }, params, seed }) {
    const sampler = yield* Sampler
    const { text } = yield* sampler.sample({
      policy,
      messages: [{ role: "user", content: renderVerification(params.template, spec, prompt, answer) }],
      sampling: params.sampling,
      seed
    })
    const predicted = readVerdict(text, params.template.reasoningEnd)
    if (params.gold === "item") return { verdict, predicted, text }
    const guard = yield* EvaluationGuard
    const { safe } = yield* guard.assess({
      prompt,
      answer,
      clauses: spec,
      label: verdict === "unsafe" ? "harmful" : "benign"
    })
    // a reading that could not be parsed says nothing, and the item's own verdict stands
    return { verdict: safe === null ? verdict : safe ? "safe" : "unsafe", predicted, text }
  }
})
