/**
 * What guard models write, read exactly: Qwen3Guard-Gen and Llama Guard 3 and 4. Text of any other form is unparsable, and
 * never counts as safe or unsafe.
 * Source: the README of QwenLM/Qwen3Guard; the model card and prompt format of meta-llama/PurpleLlama.
 */

export interface GuardReading {
  /** `controversial` is Qwen3Guard's third level; strict readers take it for unsafe, loose ones for safe. */
  readonly safety: "safe" | "unsafe" | "controversial"
  readonly categories: ReadonlyArray<string>
  /** null: the guard does not say. */
  readonly refusal: boolean | null
}

/** The categories of Qwen3Guard-Gen; specifications route by them. `Jailbreak` is of requests only. */
export const qwenCategories: ReadonlyArray<string> = [
  "Violent",
  "Non-violent Illegal Acts",
  "Sexual Content or Sexual Acts",
  "PII",
  "Suicide & Self-Harm",
  "Unethical Acts",
  "Politically Sensitive Topics",
  "Copyright Violation",
  "Jailbreak"
]

const qwenResponse = /^Safety: (Safe|Unsafe|Controversial)\s*\nCategories: (.+?)\s*\nRefusal: (Yes|No)$/
const qwenRequest = /^Safety: (Safe|Unsafe|Controversial)\s*\nCategories: (.+)$/

/**
 * The reading of Qwen3Guard-Gen's text: three lines about a response, two about a request alone. null: another form, or a
 * category the model does not have.
 */
export const readQwen3Guard = (text: string, about: "response" | "request"): GuardReading | null => {
  const found = (about === "response" ? qwenResponse : qwenRequest).exec(text.replaceAll("\r", "").trim())
  if (found === null) return null
  const [, safety, list, refusal] = found
  const categories = list === "None" ? [] : list!.split(",").map((category) => category.trim())
  if (!categories.every((category) => qwenCategories.includes(category))) return null
  return {
    safety: safety!.toLowerCase() as GuardReading["safety"],
    categories,
    refusal: refusal === undefined ? null : refusal === "Yes"
  }
}

const llamaUnsafe = /^unsafe\s*\n(S(?:[1-9]|1[0-4])(?:\s*,\s*S(?:[1-9]|1[0-4]))*)$/

/** The reading of Llama Guard's text: `safe`, or `unsafe` and a line of S1 to S14. null: another form. */
export const readLlamaGuard = (text: string): GuardReading | null => {
  const trimmed = text.replaceAll("\r", "").trim()
  if (trimmed === "safe") return { safety: "safe", categories: [], refusal: null }
  const found = llamaUnsafe.exec(trimmed)
  return found === null
    ? null
    : { safety: "unsafe", categories: found[1]!.split(",").map((category) => category.trim()), refusal: null }
}
