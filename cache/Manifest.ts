/**
 * The records the cache keeps: manifests say what a result is made of, actions say which key gave it and at what cost,
 * run records say what a run did. All are plain JSON described by an Effect Schema; their bytes are checked when they are
 * read. Where they lie is the business of `Store.ts`.
 */
import * as Schema from "effect/Schema"
import { TableSchema } from "./Columns.ts"
import { canonicalJson, type Digest, digest, digestBytes, parseCanonicalJson } from "./Digest.ts"

const DigestText = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** A table: its chunks in order, and for each column the digest of its values whatever the chunks are. */
export const TableManifest = Schema.Struct({
  kind: Schema.Literal("table"),
  schema: TableSchema,
  rows: Count,
  chunks: Schema.Array(Schema.Struct({ blob: DigestText, rows: Count, bytes: Count })),
  columns: Schema.Record(Schema.String, DigestText),
  content: DigestText
})
export type TableManifest = typeof TableManifest.Type

/** A value: one blob of canonical JSON. */
export const ValueManifest = Schema.Struct({
  kind: Schema.Literal("value"),
  blob: DigestText,
  content: DigestText
})
export type ValueManifest = typeof ValueManifest.Type

/** A folder: relative POSIX paths in code-unit order. No absolute path, no time, no owner: a cache may be moved. */
export const FolderManifest = Schema.Struct({
  kind: Schema.Literal("folder"),
  files: Schema.Array(Schema.Struct({ path: Schema.String, blob: DigestText, bytes: Count })),
  content: DigestText
})
export type FolderManifest = typeof FolderManifest.Type

/** What one node made. */
export const Manifest = Schema.Union([TableManifest, ValueManifest, FolderManifest])
export type Manifest = typeof Manifest.Type

/** The content digest of a table: its row count and its columns, in order. */
export const tableContent = (rows: number, columns: ReadonlyArray<readonly [name: string, digest: Digest]>): Digest =>
  digest("table", { rows, columns })

/** The content digest of a value whose canonical JSON is the blob `blob`. */
export const valueContent = (blob: Digest): Digest => digest("value", blob)

/** The content digest of a folder. */
export const folderContent = (files: FolderManifest["files"]): Digest =>
  digest("folder", files.map((file) => [file.path, file.blob]))

/** The digests of all blobs that `manifest` needs. */
export const blobsOf = (manifest: Manifest): ReadonlyArray<Digest> => {
  switch (manifest.kind) {
    case "table":
      return manifest.chunks.map((chunk) => chunk.blob)
    case "value":
      return [manifest.blob]
    case "folder":
      return manifest.files.map((file) => file.blob)
  }
}

/** What a piece of work used. Units: tokens, US dollars, seconds of computing. */
export const Usage = Schema.Struct({ tokens: Schema.Finite, usd: Schema.Finite, seconds: Schema.Finite })
export type Usage = typeof Usage.Type

/** The machine a result was made on: recorded, never keyed. */
export const Host = Schema.Struct({ cpu: Schema.String, node: Schema.String, platform: Schema.String })
export type Host = typeof Host.Type

/** One node's result by its key. `parts` are the parts of the key, as JSON: what `why` compares. */
export const Action = Schema.Struct({
  key: DigestText,
  node: Schema.String,
  label: Schema.String,
  manifest: Manifest,
  parts: Schema.Unknown,
  startedAt: Schema.String,
  durationMs: Schema.Finite,
  rows: Schema.optionalKey(Schema.Struct({ ran: Count, reused: Count, failed: Count })),
  usage: Usage,
  run: Schema.String,
  host: Host
})
export type Action = typeof Action.Type

/** What one run did to one node. Further fields are kept as they are. */
export const RunNode = Schema.StructWithRest(
  Schema.Struct({
    label: Schema.String,
    node: Schema.String,
    key: Schema.optionalKey(DigestText),
    state: Schema.String,
    manifest: Schema.optionalKey(Manifest)
  }),
  [Schema.Record(Schema.String, Schema.Unknown)]
)
export type RunNode = typeof RunNode.Type

/**
 * One run of an experiment: rewritten while it runs, with `finishedAt` and `ok` at its end. Further fields are kept as
 * they are.
 */
export const RunRecord = Schema.StructWithRest(
  Schema.Struct({
    run: Schema.String,
    experiment: Schema.String,
    startedAt: Schema.String,
    finishedAt: Schema.optionalKey(Schema.String),
    ok: Schema.optionalKey(Schema.Boolean),
    nodes: Schema.Array(RunNode)
  }),
  [Schema.Record(Schema.String, Schema.Unknown)]
)
export type RunRecord = typeof RunRecord.Type

/** Written by `canonicalJson` in a form that JSON alone does not undo. */
const needsRevival = (text: string): boolean => text.includes("\"$")

const isObject = (value: unknown): value is { readonly [field: string]: unknown } =>
  typeof value === "object" && value !== null

/** The record of an action, for a place that checks its bytes. */
export const encodeAction = (action: Action): Uint8Array => Buffer.from(canonicalJson(action))

/**
 * The action that {@link encodeAction} wrote. Whether the bytes are those that were written is known by then, so only
 * what a record of another kind would lack is looked at: a warm run reads thousands. **Fails**: throws when it is not the
 * action of `key`.
 */
export const decodeAction = (bytes: Uint8Array, key: Digest): Action => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")
  const action = (needsRevival(text) ? parseCanonicalJson(text) : JSON.parse(text)) as Action
  if (action.key !== key) throw new Error(`it is the record of ${action.key}`)
  if (typeof action.node !== "string" || !isObject(action.manifest) || !isObject(action.usage)) {
    throw new Error("it is not the record of an action")
  }
  return action
}

/**
 * The file of a run record: one line of JSON and the digest of that line, since a file system may damage small files
 * too. Records hold JSON values and bigints.
 */
export const encodeRun = (record: RunRecord): string => {
  const body = jsonOf(record)
  return `${body}\n${digestBytes(body)}\n`
}

/** Plain JSON, which is several times as fast, wherever it says the same as the canonical form. */
const jsonOf = (record: RunRecord): string => {
  let text = ""
  try {
    text = JSON.stringify(record)
  } catch {
    // a bigint: the canonical form has one
  }
  return text === "" || needsRevival(text) ? canonicalJson(record) : text
}

/** **Fails**: throws when the check line does not match or the record is not one of a run. */
export const decodeRun = (text: string): RunRecord => {
  const end = text.indexOf("\n")
  const body = text.slice(0, end)
  if (end < 0 || text.slice(end + 1, -1) !== digestBytes(body)) throw new Error("its check line does not match")
  const record = (needsRevival(body) ? parseCanonicalJson(body) : JSON.parse(body)) as RunRecord
  const named = [record.run, record.experiment, record.startedAt].every((field) => typeof field === "string")
  if (!named || !Array.isArray(record.nodes)) throw new Error("it is not the record of a run")
  return record
}
