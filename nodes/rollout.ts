/**
 * Draws the policy's own answers (paper section 3.1: N on-policy answers a prompt). One row is one draw, with a seed of
 * its own; the reasoning is split from the answer, which alone is judged.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import type { Folder } from "../runtime/Type.ts"
import { type Message, Sampler, Sampling } from "./service/Sampler.ts"
import { Checkpoint, Rollout, Sample } from "./tables.ts"
import { splitReasoning } from "./text/verification.ts"

/** The turns sent: a system turn only where one is set, since some templates add their own or forbid one. */
export const turns = (system: string, user: string): ReadonlyArray<Message> =>
  system === ""
    ? [{ role: "user", content: user }]
    : [{ role: "system", content: system }, { role: "user", content: user }]

export const rollout = Node.mapRows({
  name: "rollout",
  description: "answers of the policy",
  input: Sample,
  side: { policy: Checkpoint },
  carry: ["sampleId", "promptId", "label", "set", "topic", "family", "reference"],
  params: { sampling: Sampling, system: Schema.String, reasoningEnd: Schema.String },
  output: Rollout,
  uses: [Sampler],
  seeded: true,
  given: (_, { policy }): { readonly policy: Folder<"checkpoint"> } => ({ policy }),
  *run({ prompt, sampleIndex }, { given, params, seed }) {
    const sampler = yield* Sampler
    const answer = yield* sampler.sample({
      policy: given.policy,
      messages: turns(params.system, prompt),
      sampling: params.sampling,
      seed
    })
    const { completionTokens, finishReason, logprob, text } = answer
    return {
      prompt,
      sampleIndex,
      text,
      ...splitReasoning(text, params.reasoningEnd),
      finishReason,
      completionTokens,
      logprob
    }
  }
})
