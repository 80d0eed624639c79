/**
 * Reads every rollout, and every request, with the routing guard before any clause is shown: which categories it
 * touches decides which clauses the expert is given. No clause enters here, so an edited specification reruns none of it.
 */
import * as Node from "../runtime/Node.ts"
import * as Guard from "./service/Guard.ts"
import { Prompt, Rollout, Routed, RoutedPrompt } from "./tables.ts"

const RoutingGuard = Guard.named("routing")

export const route = Node.mapRows({
  name: "route",
  description: "categories an answer touches, before any clause is shown",
  input: Rollout,
  carry: [
    "sampleId",
    "promptId",
    "sampleIndex",
    "set",
    "topic",
    "family",
    "reference",
    "text",
    "reasoning",
    "completionTokens",
    "logprob"
  ],
  output: Routed,
  uses: [RoutingGuard],
  *run({ answer, finishReason, label, prompt }) {
    const row = { prompt, label, answer, finishReason }
    // a reasoning cut before its end has no answer to read: data, counted as `other`
    if (answer === "") return { ...row, outcome: "other", categories: [] }
    const guard = yield* RoutingGuard
    const { categories, outcome } = yield* guard.assess({ prompt, answer, clauses: [], label })
    return { ...row, outcome, categories }
  }
})

export const routePrompts = Node.mapRows({
  name: "routePrompts",
  description: "categories a request touches",
  input: Prompt,
  carry: ["promptId", "set", "source", "topic", "family", "reference"],
  output: RoutedPrompt,
  uses: [RoutingGuard],
  *run({ label, prompt }) {
    if (label === "maths") return { prompt, label, categories: [] }
    const guard = yield* RoutingGuard
    const { categories } = yield* guard.assess({ prompt, answer: null, clauses: [], label })
    return { prompt, label, categories }
  }
})
