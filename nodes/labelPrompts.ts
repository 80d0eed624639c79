/**
 * What each request is under the specification in force: `harmful` when a clause it is shown forbids fulfilling it. The
 * label of provenance stays beside it, and decides alone where the config says so (public prompt sets know their label).
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import * as Guard from "./service/Guard.ts"
import { LabelledPrompt, RoutedPrompt, SpecClause } from "./tables.ts"
import { Scope, shownClauses } from "./text/shownClauses.ts"

const PromptGuard = Guard.named("prompt")

export const labelPrompts = Node.mapRows({
  name: "labelPrompts",
  description: "harmful or benign under this specification",
  input: RoutedPrompt,
  side: { spec: SpecClause },
  carry: ["promptId", "set", "reference"],
  params: { by: Schema.Literals(["provenance", "guard"]), scope: Scope },
  output: LabelledPrompt,
  uses: [PromptGuard],
  given: ({ categories, prompt }, { spec }, { by, scope }) =>
    by === "provenance" ? [] : shownClauses(spec, { categories, texts: [prompt] }, scope),
  *run({ categories, label, prompt }, { given, params }) {
    const row = { prompt, categories, provenance: label }
    if (params.by === "provenance" || label === "maths") return { ...row, label }
    const guard = yield* PromptGuard
    const { safe } = yield* guard.assess({ prompt, answer: null, clauses: given, label })
    // a reading that could not be parsed says nothing, and the label of provenance stands
    return { ...row, label: safe === null ? label : safe ? "benign" : "harmful" }
  }
})
