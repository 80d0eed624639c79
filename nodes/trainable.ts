/**
 * Lets the examples through to training only if there is something to learn from them: with no mixed prompt there is no
 * contrast between safe and unsafe, and a model trained on the rest would be taken for a result.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import { Count } from "./quantities.ts"
import { Example, MixCount } from "./tables.ts"

/** Too few harmful prompts have both safe and unsafe answers. The counts say which way they failed. */
export class TooFewPairs extends Schema.TaggedError<TooFewPairs>()("TooFewPairs", {
  mixed: Schema.Int,
  allSafe: Schema.Int,
  allUnsafe: Schema.Int,
  unjudged: Schema.Int,
  required: Schema.Int
}) {
  override get message() {
    const { allSafe, allUnsafe, mixed, required, unjudged } = this
    const all = mixed + allSafe + allUnsafe + unjudged
    const next = all === 0
      ? "give the training set harmful prompts"
      : unjudged > Math.max(allSafe, allUnsafe)
      ? "most have no verdict: look at `critique`, at answers cut by rollouts.maxNewTokens, and at the expert"
      : allSafe > allUnsafe
      ? "the policy refuses nearly everything: raise rollouts.temperature or rollouts.perPrompt, or take harder prompts"
      : "the policy hardly ever refuses: raise rollouts.perPrompt, set a system turn, or lower rollouts.temperature where noise hides refusals"
    return `${mixed} of ${all} harmful prompts have both safe and unsafe answers, ${required} are required (${allSafe} all safe, `
      + `${allUnsafe} all unsafe, ${unjudged} without a verdict); ${next}; mix.minMixedPrompts=0 trains all the same`
  }
}

export const trainable = Node.make({
  name: "trainable",
  description: "examples, if enough prompts are mixed",
  inputs: { examples: Example, mix: MixCount },
  params: { minMixedPrompts: Count },
  output: Example,
  rows: ({ examples }) => examples,
  *run({ examples, mix }, { params }) {
    const counts = yield* mix.all
    const countOf = (start: string) => counts.find(({ what }) => what.startsWith(start))?.count ?? 0
    const mixed = countOf("harmful prompts, mixed")
    if (mixed < params.minMixedPrompts) {
      return yield* new TooFewPairs({
        mixed,
        allSafe: countOf("harmful prompts, all safe"),
        allUnsafe: countOf("harmful prompts, all unsafe"),
        unjudged: countOf("harmful prompts without a verdict"),
        required: params.minMixedPrompts
      })
    }
    return yield* examples.all
  }
})
