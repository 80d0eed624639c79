/**
 * How the policy is asked to judge a pair and how its verdict is read back: rendering of the verification turn and of
 * the training target from the templates in the config, and the split of an output into reasoning and answer.
 * (The paper's own wording is not public; the templates are parameters for that reason.)
 */
import * as Schema from "effect/Schema"
import type { ClauseRow } from "../service/Expert.ts"
import { fillTemplate } from "./fillTemplate.ts"

export const VerificationTemplate = Schema.Struct({
  /** The user turn; slots: clauses, prompt, answer. */
  user: Schema.String,
  /** One clause inside it; slots: clauseId, title, text. */
  clause: Schema.String,
  clauseSeparator: Schema.String,
  /** The assistant turn that is trained; slots: critique, argument, restatement, verdict. */
  target: Schema.String,
  /** Begins the judgement inside a critique; `restatement` is what stands before it. Empty: it has no such part. */
  judgementMarker: Schema.String,
  /** Begins the verdict inside a critique; `argument` is what stands before it. Empty: critiques state none. */
  verdictMarker: Schema.String,
  /** Ends the reasoning; empty where the model has none. */
  reasoningEnd: Schema.String
})
export type VerificationTemplate = typeof VerificationTemplate.Type

export const renderVerification = (
  template: VerificationTemplate,
  clauses: ReadonlyArray<ClauseRow>,
  prompt: string,
  answer: string
): string =>
  fillTemplate(template.user, {
    clauses: clauses.map(({ clauseId, text, title }) => fillTemplate(template.clause, { clauseId, title, text })).join(
      template.clauseSeparator
    ),
    prompt,
    answer
  })

/** What stands before the last `marker`; `otherwise` where it is empty or missing. */
const before = (text: string, marker: string, otherwise: string): string => {
  const at = marker === "" ? -1 : text.lastIndexOf(marker)
  return at < 0 ? otherwise : text.slice(0, at).trim()
}

/**
 * The target of one example. Ablations are other templates: without a critique `{restatement}` or nothing stands before
 * the verdict, without a judgement `{argument}` stands alone.
 */
export const renderTarget = (template: VerificationTemplate, critique: string, verdict: string): string =>
  fillTemplate(template.target, {
    critique,
    argument: before(critique, template.verdictMarker, critique),
    restatement: before(critique, template.judgementMarker, ""),
    verdict
  }).trim()

/**
 * z and y of an output. An output whose reasoning never ended has no answer: y is empty (method.md 3.4). Templates that
 * open the reasoning inside the prompt leave only its end in the text.
 */
export const splitReasoning = (
  text: string,
  reasoningEnd: string
): { readonly reasoning: string; readonly answer: string } => {
  if (reasoningEnd === "") return { reasoning: "", answer: text.trim() }
  const at = text.lastIndexOf(reasoningEnd)
  return at < 0
    ? { reasoning: text.replace(/^\s*<think>/, "").trim(), answer: "" }
    : {
      reasoning: text.slice(0, at).replace(/^\s*<think>/, "").trim(),
      answer: text.slice(at + reasoningEnd.length).trim()
    }
}

/** The verdict a model gave: the last of the two words in its answer, else in a "verdict …" of its reasoning; null where there is none. */
export const readVerdict = (text: string, reasoningEnd: string): "safe" | "unsafe" | null => {
  const { answer, reasoning } = splitReasoning(text, reasoningEnd)
  const last = (part: string, pattern: RegExp) =>
    [...part.matchAll(pattern)].at(-1)?.[1]?.toLowerCase() as "safe" | "unsafe" | undefined
  return last(answer, /\b(unsafe|safe)\b/gi) ?? last(reasoning, /verdict:?\s+(unsafe|safe)\b/gi) ?? null
}
