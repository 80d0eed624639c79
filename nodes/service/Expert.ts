/**
 * The role that judges an answer against the clauses it is shown and says why: the expert of the paper, grounded in
 * the specification. It sees nothing but the request, so an edited clause redoes the rows that were shown it, no others.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Transient } from "../../runtime/Transient.ts"
import type { Row } from "../../runtime/Type.ts"
import type { Used } from "../../runtime/Used.ts"
import type { Clause } from "../tables.ts"

export type ClauseRow = Row<typeof Clause.columns>

export interface CritiqueRequest {
  readonly clauses: ReadonlyArray<ClauseRow>
  readonly prompt: string
  readonly answer: string
  /** The prompt set's own label; an expert may ignore it, a rule-based one for real prompt sets may not. */
  readonly label: "harmful" | "benign" | "maths"
  /** Only in negative controls: write the critique that would lead to this verdict, right or wrong. */
  readonly assigned?: "safe" | "unsafe"
}

export interface ExpertCritique {
  readonly critique: string
  /** null: the expert could not or would not judge this pair; a terminal outcome, stored and counted. */
  readonly verdict: "safe" | "unsafe" | null
  readonly cited: ReadonlyArray<string>
}

/** The expert could not be reached or broke its contract: a state to be tried again, never a verdict. */
export class ExpertFailed extends Schema.TaggedError<ExpertFailed>()("ExpertFailed", {
  reason: Schema.String,
  next: Schema.String,
  /** Where it may pass by itself: it is tried again. */
  transient: Schema.optionalKey(Transient)
}) {
  override get message() {
    return `the expert gave no critique: ${this.reason}; ${this.next}`
  }
}

export class Expert extends Context.Service<
  Expert,
  Used & {
    readonly critique: (request: CritiqueRequest) => Effect.Effect<ExpertCritique, ExpertFailed>
  }
>()("sinternal/nodes/Expert") {}
