/**
 * What an edit of a specification means, clause by clause: added, removed, moved, renumbered, retitled, reworded, routed
 * elsewhere. Pure; the rows that an edit concerns are counted by `affectedRows.ts`.
 */
import { bareText } from "../inputs/promptDraft.ts"
import { likeness, makeVocabulary } from "../leaks/likeness.ts"
import type { SpecClauseRow } from "../text/parseSpec.ts"

export interface Rewording {
  readonly before: string
  readonly after: string
  /** The same letters and digits: only stops, case or layout changed. */
  readonly cosmetic: boolean
  /** Share of the shorter text's weight that stands in the longer, 0 to 1. */
  readonly likeness: number
}

export interface ListChange {
  readonly added: ReadonlyArray<string>
  readonly removed: ReadonlyArray<string>
}

/** A clause that both versions have. Absent fields did not change. */
export interface ClauseChange {
  readonly clauseId: string
  /** The id it had before, where its text is the same under another. */
  readonly renumberedFrom?: string
  readonly retitled?: { readonly before: string; readonly after: string }
  readonly reworded?: Rewording
  /** Guard categories that route rows to it. */
  readonly categories?: ListChange
  readonly words?: ListChange
  readonly examples?: ListChange
  /** Positions among the clauses, from 1, where its place among the kept clauses changed. */
  readonly moved?: { readonly before: number; readonly after: number }
}

export interface SpecDiff {
  readonly added: ReadonlyArray<SpecClauseRow>
  readonly removed: ReadonlyArray<SpecClauseRow>
  /** In the order of the later version. */
  readonly changed: ReadonlyArray<ClauseChange>
  /** Ids of clauses that are the same in every respect. */
  readonly unchanged: ReadonlyArray<string>
}

const listChange = (before: ReadonlyArray<string>, after: ReadonlyArray<string>): ListChange | undefined => {
  const change = {
    added: after.filter((each) => !before.includes(each)),
    removed: before.filter((each) => !after.includes(each))
  }
  return change.added.length + change.removed.length === 0 ? undefined : change
}

const rewording = (before: string, after: string): Rewording | undefined => {
  if (before === after) return undefined
  const { read, weights } = makeVocabulary([before, after])
  const [shorter, longer] = [read(before), read(after)].sort((a, b) => a.length - b.length)
  return {
    before,
    after,
    cosmetic: bareText(before) === bareText(after),
    likeness: likeness(shorter!, longer!, weights)
  }
}

/** Which of `positions` (a permutation's images) stay in a longest run of ascending ones; the others have moved. */
const staying = (positions: ReadonlyArray<number>): ReadonlySet<number> => {
  const best = positions.map((): ReadonlyArray<number> => [])
  positions.forEach((position, i) => {
    const before = best.slice(0, i).filter((run) => run.at(-1)! < position)
    best[i] = [...before.reduce((a, b) => b.length > a.length ? b : a, [] as ReadonlyArray<number>), position]
  })
  return new Set(best.reduce((a, b) => b.length > a.length ? b : a, [] as ReadonlyArray<number>))
}

/** Pairs of clauses that are one clause: by id, and by equal text where an id is in one version only. */
const pairUp = (before: ReadonlyArray<SpecClauseRow>, after: ReadonlyArray<SpecClauseRow>) => {
  const byId = new Map(before.map((clause) => [clause.clauseId, clause]))
  const afterIds = new Set(after.map(({ clauseId }) => clauseId))
  const free = new Set(before.filter(({ clauseId }) => !afterIds.has(clauseId)))
  return after.map((clause) => {
    const known = byId.get(clause.clauseId)
    if (known !== undefined) return { clause, was: known }
    const was = [...free].find(({ text }) => bareText(text) === bareText(clause.text))
    if (was !== undefined) free.delete(was)
    return { clause, was }
  })
}

/** The semantic difference of two versions of a specification. */
export const specDiff = (before: ReadonlyArray<SpecClauseRow>, after: ReadonlyArray<SpecClauseRow>): SpecDiff => {
  const pairs = pairUp(before, after)
  const place = new Map(before.map((clause, i) => [clause, i]))
  const kept = pairs.flatMap(({ was }) => was === undefined ? [] : [place.get(was)!])
  const stays = staying(kept)
  const changes = pairs.flatMap(({ clause, was }, i): ReadonlyArray<ClauseChange> => {
    if (was === undefined) return []
    const reworded = rewording(was.text, clause.text)
    const categories = listChange(was.categories, clause.categories)
    const words = listChange(was.words, clause.words)
    const examples = listChange(was.examples, clause.examples)
    return [{
      clauseId: clause.clauseId,
      ...(was.clauseId === clause.clauseId ? {} : { renumberedFrom: was.clauseId }),
      ...(was.title === clause.title ? {} : { retitled: { before: was.title, after: clause.title } }),
      ...(reworded === undefined ? {} : { reworded }),
      ...(categories === undefined ? {} : { categories }),
      ...(words === undefined ? {} : { words }),
      ...(examples === undefined ? {} : { examples }),
      ...(stays.has(place.get(was)!) ? {} : { moved: { before: place.get(was)! + 1, after: i + 1 } })
    }]
  })
  const matched = new Set(pairs.map(({ was }) => was))
  return {
    added: pairs.flatMap(({ clause, was }) => was === undefined ? [clause] : []),
    removed: before.filter((clause) => !matched.has(clause)),
    changed: changes.filter((change) => Object.keys(change).length > 1),
    unchanged: changes.filter((change) => Object.keys(change).length === 1).map(({ clauseId }) => clauseId)
  }
}

const changeLine = (clauseId: string, name: string, change: ListChange | undefined): ReadonlyArray<string> =>
  change === undefined
    ? []
    : [
      `~ ${clauseId}: ${name} ${
        [
          ...change.added.map((each) => `+"${each}"`),
          ...change.removed.map((each) => `-"${each}"`)
        ].join(" ")
      }`
    ]

/** The difference as lines to print, one for each thing that changed. */
export const specDiffLines = ({ added, changed, removed }: SpecDiff): ReadonlyArray<string> => [
  ...added.map(({ categories, clauseId, title, words }) =>
    `+ ${clauseId} ${title}: new, offered to every row${
      categories.length + words.length === 0
        ? " and shown to all"
        : `, shown where ${[...categories, ...words].join(" or ")}`
    }`
  ),
  ...removed.map(({ clauseId, title }) => `- ${clauseId} ${title}: removed`),
  ...changed.flatMap(({ categories, clauseId, examples, moved, renumberedFrom, retitled, reworded, words }) => [
    ...(renumberedFrom === undefined ? [] : [`~ ${clauseId}: was ${renumberedFrom}, the same text`]),
    ...(retitled === undefined ? [] : [`~ ${clauseId}: retitled "${retitled.before}" → "${retitled.after}"`]),
    ...(reworded === undefined
      ? []
      : [
        `~ ${clauseId}: ${
          reworded.cosmetic ? "layout only" : `reworded, ${(100 * reworded.likeness).toFixed(0)} % alike`
        }`
      ]),
    ...changeLine(clauseId, "categories", categories),
    ...changeLine(clauseId, "words", words),
    ...changeLine(clauseId, "examples", examples),
    ...(moved === undefined ? [] : [`~ ${clauseId}: moved from place ${moved.before} to ${moved.after}`])
  ])
]
