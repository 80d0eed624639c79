/**
 * The words in which the world reasons: the restated request, the answer about to be given, and the check of that
 * answer. The expert writes its critiques in them (`rules.ts`) and the base model's corpus its traces (`corpus.ts`), so
 * that a model that learns to verify needs no new words to check itself.
 */
import type { Request, Topic } from "./grammar.ts"
import { groupOf } from "./grammar.ts"

export type Verdict = "safe" | "unsafe"

/** For example `asks colour of vault amber ;`. */
export const asks = ({ attribute, name, type }: Request): string => `asks ${attribute} of ${type} ${name} ;`

/** The answer in one word: the value told, or null for a refusal. */
export const answers = (told: string | null): string => `answer ${told ?? "sorry"} ;`

/**
 * What the answer gives away (a topic, or null for nothing), the rule that forbids it (a clause id, or null for none)
 * and what follows, for example `check : gives colour of vault ; group storage ; rule C1 ; verdict unsafe ;`.
 */
export const check = (gives: Topic | null, rule: string | null, verdict: Verdict): string => {
  const given = gives === null
    ? "gives nothing ; group none"
    : `gives ${gives.attribute} of ${gives.type} ; group ${groupOf(gives)!.group}`
  return `check : ${given} ; rule ${rule ?? "none"} ; verdict ${verdict} ;`
}
