/**
 * The records the cache keeps: manifests say what a result is made of, actions say which key gave it and at what cost,
 * run records say what a run did. All are plain JSON with an Effect Schema, decoded strictly when read; where they lie
 * is the business of `Store.ts`.
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

const strict = { onExcessProperty: "error" } as const
const decodeActionJson = Schema.decodeUnknownSync(Action, strict)
const decodeRunJson = Schema.decodeUnknownSync(RunRecord)

/**
 * The file of a record: canonical JSON, a newline, and the digest of that JSON, since a file system may damage small
 * files too.
 */
export const encodeRecord = (record: unknown): string => {
  const body = canonicalJson(record)
  return `${body}\n${digestBytes(body)}\n`
}

const bodyOf = (text: string): unknown => {
  const end = text.indexOf("\n")
  const body = text.slice(0, end)
  if (end < 0 || text.slice(end + 1, -1) !== digestBytes(body)) throw new Error("its check line does not match")
  return parseCanonicalJson(body)
}

/** **Fails**: throws when the check line does not match or the record is not an action. */
export const decodeAction = (text: string): Action => decodeActionJson(bodyOf(text))

/** **Fails**: throws when the check line does not match or the record is not one of a run. */
export const decodeRun = (text: string): RunRecord => decodeRunJson(bodyOf(text))
