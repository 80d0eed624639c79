/**
 * A prompt before it belongs to a set, and how sets are cut from drafts: duplicates leave, and a seeded hash chooses, so
 * that a larger limit keeps every prompt of a smaller one.
 */
import { hash } from "node:crypto"
import type { PromptRow } from "../service/PromptSource.ts"

export type PromptDraft = Omit<PromptRow, "promptId" | "set">

/** 16 hex characters of the SHA-256 of the parts. */
export const shortHash = (...parts: ReadonlyArray<string>): string =>
  hash("sha256", parts.join("\n"), "hex").slice(0, 16)

/** Items in an order that depends on their texts and the seed alone. */
export const inHashOrder = <A>(items: ReadonlyArray<A>, textOf: (item: A) => string, seed: number): ReadonlyArray<A> =>
  items
    .map((item) => ({ item, rank: hash("sha256", `${seed}\n${textOf(item)}`, "hex") }))
    .sort((a, b) => a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0)
    .map(({ item }) => item)

/** The letters and digits of a text in lower case: equal for texts that differ in spelling of case, space or stops only. */
export const bareText = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim()

/** The first draft of each text. */
export const distinct = (drafts: ReadonlyArray<PromptDraft>): ReadonlyArray<PromptDraft> => {
  const seen = new Set<string>()
  return drafts.filter(({ prompt }) => !seen.has(prompt) && seen.add(prompt))
}

/** At most `limit` drafts, chosen by text and seed. */
export const choose = (drafts: ReadonlyArray<PromptDraft>, limit: number, seed: number): ReadonlyArray<PromptDraft> =>
  inHashOrder(distinct(drafts), ({ prompt }) => prompt, seed).slice(0, limit)

/**
 * At most `limit` drafts, two harmful for each benign one; where one side ends, the other fills up. A larger limit keeps
 * what a smaller one chose.
 */
export const chooseTwoToOne = (
  harmful: ReadonlyArray<PromptDraft>,
  benign: ReadonlyArray<PromptDraft>,
  limit: number,
  seed: number
): ReadonlyArray<PromptDraft> => {
  const [bad, good] = [choose(harmful, harmful.length, seed), choose(benign, benign.length, seed)]
  const harmfulCount = Math.min(bad.length, Math.max(Math.ceil((2 * limit) / 3), limit - good.length))
  return [...bad.slice(0, harmfulCount), ...good.slice(0, limit - harmfulCount)]
}

/** Drafts as rows of the set `set`. */
export const asRows = (set: string, drafts: ReadonlyArray<PromptDraft>): ReadonlyArray<PromptRow> =>
  drafts.map((draft) => ({ promptId: shortHash(set, draft.prompt), set, ...draft }))
