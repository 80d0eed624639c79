/**
 * Prompt sets in the user's own CSV and JSONL files. Files are read when the layer is built, and those bytes serve the
 * whole run: an edit during a run changes nothing of it. What a row must look like is in `inputs/filePromptSet.ts`.
 */
import { readFile } from "node:fs/promises"
import { basename } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { canonicalJson, digestBytes } from "../../cache/Digest.ts"
import * as FilePromptSet from "../inputs/filePromptSet.ts"
import { nearestName } from "../../runtime/nearestName.ts"
import { PromptsInvalid, PromptSource } from "../service/PromptSource.ts"

interface InFile<Columns> {
  /** Absolute, or relative to the working directory. */
  readonly file: string
  readonly columns: Columns
}

export interface FilePromptSets {
  readonly prompts: { readonly [set: string]: InFile<FilePromptSet.PromptColumns> }
  readonly verification?: { readonly [set: string]: InFile<FilePromptSet.VerificationColumns> }
}

interface Loaded<Columns> {
  readonly columns: Columns
  readonly content: FilePromptSet.FileContent
}

const load = <Columns>(sets: { readonly [set: string]: InFile<Columns> }) =>
  Effect.all(
    Object.fromEntries(
      Object.entries(sets).map(([set, { columns, file }]) => [
        set,
        Effect.tryPromise({
          try: () => readFile(file),
          catch: (error) =>
            new PromptsInvalid({
              source: file,
              reason: (error as NodeJS.ErrnoException).code === "ENOENT"
                ? "there is no such file"
                : (error as Error).message,
              next: `check the path of the set "${set}" in the experiment`
            })
        }).pipe(Effect.map((bytes): Loaded<Columns> => ({
          columns,
          content: { name: basename(file), bytes }
        })))
      ])
    )
  )

const find = <Columns>(sets: { readonly [set: string]: Loaded<Columns> }, set: string) => {
  const found = Object.hasOwn(sets, set) ? sets[set] : undefined
  if (found !== undefined) return Effect.succeed(found)
  const names = Object.keys(sets)
  const nearest = nearestName(set, names)
  return Effect.fail(
    new PromptsInvalid({
      source: "the experiment's files",
      reason: `there is no set "${set}"`,
      next: `${nearest === undefined ? "" : `did you mean "${nearest}"? `}the sets are ${names.join(", ") || "none"}`
    })
  )
}

/** What of the sets enters the fingerprint: their names, bytes and columns, never the folders they lie in. */
const identity = <Columns>(sets: { readonly [set: string]: Loaded<Columns> }) =>
  Object.entries(sets).map(([set, { columns, content }]) => [set, content.name, digestBytes(content.bytes), columns])

/**
 * The sets of local files; a larger limit keeps the prompts of a smaller one.
 *
 * **Fails**: `PromptsInvalid`, while it is built for a file that cannot be read, later for what is wrong inside one.
 */
export const filePrompts = (sets: FilePromptSets): Layer.Layer<PromptSource, PromptsInvalid> =>
  Layer.effect(
    PromptSource,
    Effect.gen(function*() {
      const prompts = yield* load(sets.prompts)
      const verification = yield* load(sets.verification ?? {})
      return PromptSource.of({
        fingerprint: canonicalJson({ prompts: identity(prompts), verification: identity(verification) }),
        code: [
          { file: FilePromptSet.url, name: "loadPromptFile" },
          { file: FilePromptSet.url, name: "loadVerificationFile" }
        ],
        load: (query) =>
          Effect.flatMap(find(prompts, query.set), ({ columns, content }) =>
            FilePromptSet.loadPromptFile(content, columns, query)),
        verificationItems: (query) =>
          Effect.flatMap(find(verification, query.set), ({ columns, content }) =>
            FilePromptSet.loadVerificationFile(content, columns, query))
      })
    })
  )
