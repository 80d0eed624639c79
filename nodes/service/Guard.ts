/**
 * The role that reads a prompt, or a prompt and its answer, and says whether it is safe, whether it refuses and what it
 * touches. It has instances (`Guard.named("routing")`, `Guard.named("reward")`, `Guard.named("evaluation")`), so that the
 * guard that rewards need not be the judge that evaluates.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Transient } from "../../runtime/Transient.ts"
import type { Used } from "../../runtime/Used.ts"
import type { ClauseRow } from "./Expert.ts"

export interface AssessRequest {
  readonly prompt: string
  /** null: judge the request alone (`safe: false` means that the clauses forbid fulfilling it). */
  readonly answer: string | null
  /** The clauses this assessment may rely on; guards with a policy of their own ignore them. */
  readonly clauses: ReadonlyArray<ClauseRow>
  readonly label: "harmful" | "benign" | "maths"
}

export interface Assessment {
  /** null: the guard's output could not be parsed. A state of its own, never silently true or false. */
  readonly safe: boolean | null
  readonly outcome: "refusal" | "answer" | "critique" | "other"
  readonly categories: ReadonlyArray<string>
}

/** The guard could not be reached or broke its contract: a state to be tried again. */
export class GuardFailed extends Schema.TaggedError<GuardFailed>()("GuardFailed", {
  reason: Schema.String,
  next: Schema.String,
  /** Where it may pass by itself: it is tried again. */
  transient: Schema.optionalKey(Transient)
}) {
  override get message() {
    return `the guard gave no assessment: ${this.reason}; ${this.next}`
  }
}

export interface GuardService extends Used {
  readonly assess: (request: AssessRequest) => Effect.Effect<Assessment, GuardFailed>
}

/** The identity of one instance of the role; only its name is ever looked at. */
export interface GuardRole<Name extends string> {
  readonly guard: Name
}

const instances = new Map<string, Context.Service<any, GuardService>>()

/** The instance of the role with this name; the same tag every time. */
export const named = <const Name extends string>(name: Name): Context.Service<GuardRole<Name>, GuardService> => {
  const known = instances.get(name)
  if (known !== undefined) return known
  const made = Context.Service<GuardRole<Name>, GuardService>(`sinternal/nodes/Guard/${name}`)
  instances.set(name, made)
  return made
}
