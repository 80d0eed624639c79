/**
 * What becomes of answers that ended at the token limit. With reasoning the answer may be missing or half; a short limit
 * on a model without reasoning cuts most answers, and what there is can be judged.
 */
import * as Schema from "effect/Schema"

export const CutAnswers = Schema.Literals(["drop", "judge"])
export type CutAnswers = typeof CutAnswers.Type

/** Whether an answer may be judged and rewarded: there is one, and it is whole unless cut ones are asked for. */
export const isUsable = (answer: string, finishReason: string, cutAnswers: CutAnswers): boolean =>
  answer !== "" && (finishReason === "stop" || (finishReason === "length" && cutAnswers === "judge"))
