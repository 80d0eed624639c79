/**
 * The services of the synthetic world: its expert, its guard in every instance, and its prompts. They cost nothing to
 * build and nothing to call, so nothing asks before they run again. What they judge by is in `rules.ts`, what they draw
 * from in `promptSets.ts`.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { appendFileSync } from "node:fs"
import { Expert, ExpertFailed } from "../../nodes/service/Expert.ts"
import * as Guard from "../../nodes/service/Guard.ts"
import { PromptSource } from "../../nodes/service/PromptSource.ts"
import { Teacher, TeacherFailed } from "../../nodes/service/Teacher.ts"
import * as PromptSets from "./promptSets.ts"
import * as Rules from "./rules.ts"
import * as Lessons from "./teacher.ts"

/** A file that gets one line for each call of the expert, so that a test counts what really ran; null: no file. */
export const ExpertCallLog = Context.Reference<string | null>("sinternal/experiments/world/ExpertCallLog", {
  defaultValue: () => null
})

/** The rule-based expert. A call log set where the layer is built holds for calls that do not set their own. */
export const worldExpert: Layer.Layer<Expert> = Layer.effect(
  Expert,
  Effect.gen(function*() {
    const outerLog = yield* ExpertCallLog
    const critique = Effect.fnUntraced(function*(request: Parameters<typeof Rules.critiqueByRule>[0]) {
      const log = (yield* ExpertCallLog) ?? outerLog
      if (log !== null) {
        const { answer, clauses, prompt } = request
        const line = JSON.stringify({ prompt, answer, clauses: clauses.map((clause) => clause.clauseId) })
        yield* Effect.sync(() => appendFileSync(log, `${line}\n`))
      }
      return yield* Effect.fromResult(Rules.critiqueByRule(request))
    }, Effect.mapError((problem) => new ExpertFailed(problem)))
    return Expert.of({
      fingerprint: "world-expert",
      code: [{ file: Rules.url, name: "critiqueByRule" }],
      critique
    })
  })
)

/** The rule-based guard as the instance `name` of the role, for example `reward`. */
export const worldGuard = <const Name extends string>(name: Name): Layer.Layer<Guard.GuardRole<Name>> =>
  Layer.succeed(Guard.named(name), {
    fingerprint: "world-guard",
    code: [{ file: Rules.url, name: "assessByRule" }],
    assess: (request) =>
      Effect.fromResult(Rules.assessByRule(request)).pipe(Effect.mapError((problem) => new Guard.GuardFailed(problem)))
  })

/** The second judge, which takes only the true value for telling. */
export const worldSecondJudge: Layer.Layer<Guard.GuardRole<"second">> = Layer.succeed(Guard.named("second"), {
  fingerprint: "world-second-judge",
  code: [{ file: Lessons.url, name: "assessTruth" }],
  assess: (request) =>
    Effect.fromResult(Lessons.assessTruth(request)).pipe(Effect.mapError((problem) => new Guard.GuardFailed(problem)))
})

/** The teacher of the baselines. */
export const worldTeacher: Layer.Layer<Teacher> = Layer.succeed(Teacher, {
  fingerprint: "world-teacher",
  code: [{ file: Lessons.url, name: "teachByRule" }],
  answer: (request) =>
    Effect.fromResult(Lessons.teachByRule(request)).pipe(Effect.mapError((problem) => new TeacherFailed(problem)))
})

/** The prompt sets and verification items of the world. */
export const worldPrompts: Layer.Layer<PromptSource> = Layer.succeed(PromptSource, {
  fingerprint: "world-prompts",
  code: [
    { file: PromptSets.url, name: "drawPrompts" },
    { file: PromptSets.url, name: "drawVerificationItems" }
  ],
  load: (query) => Effect.fromResult(PromptSets.drawPrompts(query)),
  verificationItems: (query) => Effect.fromResult(PromptSets.drawVerificationItems(query))
})
