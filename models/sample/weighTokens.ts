/**
 * What may follow a prompt, from its row of logits: the same as a decoding graph says of its rows, computed here because
 * one row serves requests of many temperatures. The choice is `chooseToken.ts`' business.
 */
import type { Successors } from "../decode/DecodeSession.ts"

/** What may follow `logits` at `temperature`. */
export const weighTokens = (logits: Float32Array, temperature: number): Successors => {
  let likeliest = 0
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[likeliest]!) likeliest = i
  const highest = logits[likeliest]!
  let total = 0
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i]! - highest)
  return {
    likeliest,
    logprob: -Math.log(total),
    probabilities: temperature === 0 ? undefined : logits.map((logit) => Math.exp((logit - highest) / temperature))
  }
}
