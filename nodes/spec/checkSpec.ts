/**
 * Looks a specification over before it costs anything: what cannot be read is an error, what will probably surprise is a
 * warning. For `pipeline spec check`.
 */
import { bareText } from "../inputs/promptDraft.ts"
import { qwenCategories } from "../layer/guardGrammar.ts"
import { findLeaks } from "../leaks/findLeaks.ts"
import { nearestName } from "../../runtime/nearestName.ts"
import { findClauses, type SpecClauseRow, SpecInvalid } from "../text/parseSpec.ts"

export interface SpecProblem {
  readonly level: "error" | "warning"
  /** From 1; 0 stands for the whole file. */
  readonly line: number
  /** null: the file as a whole. */
  readonly clauseId: string | null
  readonly reason: string
  readonly next: string
}

export interface SpecCheck {
  /** Empty where it cannot be read. */
  readonly clauses: ReadonlyArray<SpecClauseRow>
  readonly problems: ReadonlyArray<SpecProblem>
}

/** The categories of the guards this project reads: S1 to S14 of Llama Guard, and Qwen3Guard's. */
export const guardCategories: ReadonlyArray<string> = [
  ...Array.from({ length: 14 }, (_, i) => `S${i + 1}`),
  ...qwenCategories
]

/** Words that fit before every request of a small model; longer clauses crowd out the answer. */
const longestText = 4000

/**
 * The clauses and what is wrong with them. `categories` are those that the guard in use can give; unknown ones are
 * warned of, since a clause behind a category nobody gives is shown to no row.
 */
export const checkSpec = (
  file: string,
  text: string,
  categories: ReadonlyArray<string> = guardCategories
): SpecCheck => {
  let found
  try {
    found = findClauses(file, text)
  } catch (error) {
    if (!(error instanceof SpecInvalid)) throw error
    const { line, next, reason } = error
    return { clauses: [], problems: [{ level: "error", line, clauseId: null, reason, next }] }
  }
  const units = found.map(({ clauseId, text }) => ({ id: clauseId, text, compare: "near" as const }))
  const alike = new Map(findLeaks(units, units, 0.85).map((leak) => [leak.id, leak]))
  const problems = found.flatMap((clause): ReadonlyArray<SpecProblem> => {
    const warn = (reason: string, next: string): SpecProblem => ({
      level: "warning",
      line: clause.line,
      clauseId: clause.clauseId,
      reason,
      next
    })
    const unknown = clause.categories.filter((each) => !categories.includes(each))
    const twin = alike.get(clause.clauseId)
    const nearest = unknown[0] === undefined ? undefined : nearestName(unknown[0], categories)
    return [
      ...(unknown.length === 0 ? [] : [warn(
        `no guard gives the ${unknown.length === 1 ? "category" : "categories"} ${unknown.join(", ")}`,
        nearest === undefined ? `known: ${categories.join(", ")}` : `did you mean "${nearest}"?`
      )]),
      ...(clause.categories.length + clause.words.length === 0
        ? [warn("it names no category and no words", "every row is shown it, and every edit of it redoes every row")]
        : []),
      ...(twin === undefined || twin.other < clause.clauseId
        ? []
        : [warn(`its text is nearly that of clause ${twin.other}`, "join them, or say how they differ")]),
      ...(clause.text.length > longestText
        ? [warn(`its text has ${clause.text.length} characters`, "shorten it: every row that is shown it carries it")]
        : []),
      ...(bareText(clause.title) === "" ? [warn("it has no title", "name it, reports and critiques do")] : [])
    ]
  })
  return { clauses: found.map(({ line: _, ...clause }) => clause), problems }
}
