/**
 * What an archive of a run is: a tar of plain files in a fixed order, from `archive.json`, which says that it is one, to
 * `contents.json`, which lists all the others with their digests, so that whatever lacks it is cut. Writing and reading
 * are the business of `exportRun.ts` and `ArchiveReader.ts`.
 *
 *     archive.json                 form, version, run, experiment
 *     run.json  events.ndjson      the run's record and event log
 *     pins.json                    pins of this run
 *     actions/<key>.json           the actions of its nodes
 *     blobs/<digest>               the bytes of their results
 *     rows/<row function>.log      frames of row results
 *     contents.json                name, bytes and SHA-256 of every file above; blobs that the cache lacked
 */
import * as Schema from "effect/Schema"
import type { Digest } from "../Digest.ts"

/** A form of another version is refused: there is one. */
export const form = { form: "sinternal run", version: 1 } as const

export const Head = Schema.Struct({
  form: Schema.Literal(form.form),
  version: Schema.Literal(form.version),
  run: Schema.String,
  experiment: Schema.String
})
export type Head = typeof Head.Type

export const Contents = Schema.Struct({
  files: Schema.Array(Schema.Tuple([Schema.String, Schema.Int, Schema.String])),
  missing: Schema.Array(Schema.String)
})
export type Contents = typeof Contents.Type

export const names = {
  head: "archive.json",
  run: "run.json",
  events: "events.ndjson",
  pins: "pins.json",
  contents: "contents.json",
  action: (key: Digest) => `actions/${key}.json`,
  blob: (digest: Digest) => `blobs/${digest}`,
  rows: (rowFunction: Digest) => `rows/${rowFunction}.log`
}

/** A file of an archive by its name. */
export type Entry =
  | { readonly kind: "head" | "run" | "events" | "pins" | "contents" }
  | { readonly kind: "action" | "blob" | "rows"; readonly digest: Digest }

const singles: ReadonlyMap<string, Entry> = new Map(
  (["head", "run", "events", "pins", "contents"] as const).map((kind) => [names[kind], { kind }])
)

const many = /^(?:actions\/([0-9a-f]{64})\.json|blobs\/([0-9a-f]{64})|rows\/([0-9a-f]{64})\.log)$/

/** The file of this name; `undefined` where archives have none such. */
export const entryOf = (name: string): Entry | undefined => {
  const [, action, blob, rows] = many.exec(name) ?? []
  if (action !== undefined) return { kind: "action", digest: action }
  if (blob !== undefined) return { kind: "blob", digest: blob }
  if (rows !== undefined) return { kind: "rows", digest: rows }
  return singles.get(name)
}
