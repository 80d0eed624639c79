/** Puts what a server split into reasoning and content together again, as a chat template would have it. */

/** This module, for the code digest of services that use it. */
export const url = import.meta.url

/**
 * The raw text of an answer. Reasoning without content was never ended, and stays so: there is no answer in it.
 * `content` alone is raw text already.
 */
export const joinReasoning = (reasoning: string, content: string): string => {
  if (reasoning === "") return content
  const opened = `<think>\n${reasoning.trim()}`
  return content === "" ? opened : `${opened}\n</think>\n\n${content.replace(/^\n+/, "")}`
}
