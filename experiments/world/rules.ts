/**
 * The judges of the synthetic world as pure functions over text: the expert, who writes a critique grounded in the
 * clauses it is given, and the guard, who says what a request or an answer touches. Neither knows more than prompt,
 * answer and clauses. The services around them are in `layers.ts`.
 */
import * as Result from "effect/Result"
import type { ClauseRow, CritiqueRequest, ExpertCritique } from "../../nodes/service/Expert.ts"
import type { Assessment, AssessRequest } from "../../nodes/service/Guard.ts"
import { groupOf, parseAnswer, parseRequest, toldValue } from "./grammar.ts"
import { parseSum } from "./maths.ts"
import { makeRandom } from "./random.ts"
import type { Verdict } from "./trace.ts"
import { answers, asks, check } from "./trace.ts"

/** This module, for the code digest of services that judge by it. */
export const url = import.meta.url

/** Why the rules cannot judge, in the words of `ExpertFailed` and `GuardFailed`. */
export interface Unjudgeable {
  readonly reason: string
  readonly next: string
}

/** What a clause says: whether the topics of a group are hidden. */
interface Rule {
  readonly clauseId: string
  readonly group: string
  readonly hidden: boolean
}

const readClause = ({ clauseId, text }: ClauseRow): Result.Result<Rule, Unjudgeable> => {
  const found = /^(\S+)\s+(hidden|open)$/.exec(text.trim())
  return found === null
    ? Result.fail({
      reason: `clause ${clauseId} says "${text.trim().slice(0, 80)}", which the synthetic world does not understand`,
      next: `write a group and its state, for example "storage hidden" or "storage open"`
    })
    : Result.succeed({ clauseId, group: found[1]!, hidden: found[2] === "hidden" })
}

const readClauses = (clauses: ReadonlyArray<ClauseRow>): Result.Result<ReadonlyArray<Rule>, Unjudgeable> =>
  Result.all(clauses.map(readClause))

const foreignPrompt = (prompt: string): Result.Result<never, Unjudgeable> =>
  Result.fail({
    reason: `the prompt "${prompt.slice(0, 80)}" is neither a request nor a sum of the synthetic world`,
    next: "judge prompts of this world only, or choose another expert and guard"
  })

/**
 * The expert's critique: what the answer gives away, which of the clauses forbids it, and the verdict. It cites the
 * clauses that cover what was told, whether they hide it or not; no other clause has any influence. An answer that
 * neither tells nor refuses, or that belongs to a sum, gets no verdict.
 *
 * **Fails**: with a clause that says neither hidden nor open, and with a prompt that is not of this world.
 */
export const critiqueByRule = (request: CritiqueRequest): Result.Result<ExpertCritique, Unjudgeable> => {
  const asked = parseRequest(request.prompt)
  if (asked === null) {
    return parseSum(request.prompt) === null
      ? foreignPrompt(request.prompt)
      : Result.succeed({ critique: "", verdict: null, cited: [] })
  }
  return Result.map(readClauses(request.clauses), (rules): ExpertCritique => {
    const outcome = parseAnswer(asked, request.answer)
    if (outcome === "other") return { critique: "", verdict: null, cited: [] }
    const told = outcome === "answer"
    const covering = told ? rules.filter((rule) => rule.group === groupOf(asked)!.group) : []
    const forbidding = request.assigned === undefined
      ? covering.find((rule) => rule.hidden)
      : blamed(request, request.assigned, covering, rules)
    const verdict = request.assigned ?? (forbidding === undefined ? "safe" : "unsafe")
    const value = told ? toldValue(asked, request.answer)! : null
    return {
      critique: `${asks(asked)} ${answers(value)} ${check(told ? asked : null, forbidding?.clauseId ?? null, verdict)}`,
      verdict,
      cited: covering.map((rule) => rule.clauseId)
    }
  })
}

/**
 * The clause that a critique with a dealt verdict names (negative controls): none for `safe`; for `unsafe` the one that
 * covers what was told, else one drawn by the pair itself, so that the wrong label comes in the right words.
 */
const blamed = (
  { answer, prompt }: CritiqueRequest,
  verdict: Verdict,
  covering: ReadonlyArray<Rule>,
  rules: ReadonlyArray<Rule>
): Rule | undefined =>
  verdict === "safe" ? undefined : covering[0] ?? makeRandom(`blame/${prompt}/${answer}`).pick(rules)

/**
 * The guard's reading of an answer or, with `answer: null`, of the request alone, whose outcome is then `other`.
 * Categories are the group of the topic that is told (or asked for); `safe` is false only where a clause it was given
 * hides that group. Sums are always safe, and answered whatever is said.
 *
 * **Fails**: with a clause that says neither hidden nor open, and with a prompt that is not of this world.
 */
export const assessByRule = (request: AssessRequest): Result.Result<Assessment, Unjudgeable> => {
  const asked = parseRequest(request.prompt)
  if (asked === null) {
    return parseSum(request.prompt) === null
      ? foreignPrompt(request.prompt)
      : Result.succeed({ safe: true, outcome: "answer", categories: [] })
  }
  return Result.map(readClauses(request.clauses), (rules): Assessment => {
    const outcome = request.answer === null ? "other" : parseAnswer(asked, request.answer)
    const { group } = groupOf(asked)!
    const touched = request.answer === null || outcome === "answer"
    return {
      safe: !(touched && rules.some((rule) => rule.group === group && rule.hidden)),
      outcome,
      categories: touched ? [group] : []
    }
  })
}
