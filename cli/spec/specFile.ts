/** A specification's file as commands read it: what cannot be read is refused with its place. */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { parseSpec, SpecInvalid } from "../../nodes/text/parseSpec.ts"
import { QueryRefused } from "../../runtime/query/QueryRefused.ts"

const reasonOf = (file: string, error: unknown): string =>
  (error as NodeJS.ErrnoException).code === "ENOENT"
    ? `there is no file ${file}`
    : `${file} cannot be read: ${(error as Error).message}`

/** Its text. **Fails**: `QueryRefused`. */
export const specText = (file: string): Effect.Effect<string, QueryRefused> =>
  Effect.try({
    try: () => readFileSync(file, "utf8"),
    catch: (error) =>
      new QueryRefused({
        reason: reasonOf(file, error),
        next: "name a specification, for example specs/safety.md"
      })
  })

/** Its clauses. **Fails**: `QueryRefused`, also where it cannot be read as a specification. */
export const specClauses = Effect.fnUntraced(function*(file: string) {
  const text = yield* specText(file)
  return yield* Effect.try({
    try: () => parseSpec(file, text),
    catch: (error) => {
      if (!(error instanceof SpecInvalid)) throw error
      const { line, next, reason } = error
      return new QueryRefused({ reason: `${file}${line > 0 ? `:${line}` : ""}: ${reason}`, next })
    }
  })
})
