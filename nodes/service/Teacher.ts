/**
 * The role that answers in a policy's stead, for baselines that imitate answers: a stronger model asked to reason about
 * safety before it answers. What is imitated is reasoning and answer, never a verdict.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Transient } from "../../runtime/Transient.ts"
import type { Used } from "../../runtime/Used.ts"
import type { ClauseRow } from "./Expert.ts"

export interface LessonRequest {
  readonly prompt: string
  /** The prompt set's own label; a teacher may ignore it. */
  readonly label: "harmful" | "benign" | "maths"
  readonly clauses: ReadonlyArray<ClauseRow>
  /** `citing`: the reasoning names the clauses that matter; `plain`: it reasons about safety in its own words. */
  readonly style: "citing" | "plain"
}

/** null: the teacher would not or could not answer; a terminal outcome, counted. */
export type Lesson = { readonly reasoning: string; readonly answer: string } | null

/** The teacher could not be reached or broke its contract: a state to be tried again. */
export class TeacherFailed extends Schema.TaggedError<TeacherFailed>()("TeacherFailed", {
  reason: Schema.String,
  next: Schema.String,
  /** Where it may pass by itself: it is tried again. */
  transient: Schema.optionalKey(Transient)
}) {
  override get message() {
    return `the teacher gave no answer: ${this.reason}; ${this.next}`
  }
}

export class Teacher extends Context.Service<
  Teacher,
  Used & {
    readonly answer: (request: LessonRequest) => Effect.Effect<Lesson, TeacherFailed>
  }
>()("sinternal/nodes/Teacher") {}
