/**
 * Loads the safety specification: one row a clause. Instant, so that `plan` sees which clauses an edit touched.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "./text/readOnlyFile.ts"
import * as Node from "../runtime/Node.ts"
import { SpecClause, TextFile } from "./tables.ts"
import { parseSpec, SpecInvalid } from "./text/parseSpec.ts"

export const loadSpec = Node.make({
  name: "loadSpec",
  description: "the clauses of the safety specification",
  inputs: { file: TextFile },
  output: SpecClause,
  instant: true,
  *run({ file }) {
    const { name, text } = yield* FileSystem.readOnlyFile(file)
    return yield* Effect.try({
      try: () => parseSpec(name, text),
      catch: (error) =>
        error instanceof SpecInvalid
          ? error
          : new SpecInvalid({ file: name, line: 0, reason: String(error), next: "report this" })
    })
  }
})
