/**
 * The cache as a service: tables, values, folders, actions, row memos and run records below one folder. Files are the
 * truth and readers never wait; this module joins the parts and knows the layout, while keys and gc belong to the
 * layers above.
 *
 *     <root>/v1/FORMAT     blobs/ab/cd…     actions/ab/<key>     memo/<row function>/<writer>.log     runs/<run>.json
 *               work/<key>/     claims/<key>     folders/<content>/     tmp/     quarantine/
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import * as path from "node:path"
import { Actions, type PutAction } from "./Actions.ts"
import { Blobs } from "./Blobs.ts"
import { Claims } from "./Claims.ts"
import type { TableSchema } from "./Columns.ts"
import { canonicalJson, type Digest, parseCanonicalJson, requireDigest } from "./Digest.ts"
import * as folders from "./folders.ts"
import type { Action, FolderManifest, Manifest, RunRecord, TableManifest, ValueManifest } from "./Manifest.ts"
import { blobsOf, valueContent } from "./Manifest.ts"
import { type Memo, openMemo } from "./Memo.ts"
import * as publish from "./publish.ts"
import { Runs } from "./Runs.ts"
import { attempt, attemptAsync, type StoreFailed, StoreRefused } from "./StoreFailed.ts"
import { type Columns, type EncodedChunk, Tables } from "./Tables.ts"

export type { Columns, EncodedChunk, Memo, PutAction, StoreFailed }

/** What this version writes into `FORMAT`; another layout gets another `v` folder beside it. */
const format = { layout: 1, hash: "sha256", chunkRows: 8192 }

export class Store extends Context.Service<Store, {
  readonly root: string
  /** Stores a table. Shape: every column of `schema` has `rows` cells. */
  readonly putTable: (schema: TableSchema, columns: Columns, rows: number) => Effect.Effect<TableManifest, StoreFailed>
  /** Cells of a table by column, all columns unless some are named. */
  readonly readTable: (manifest: TableManifest, columns?: ReadonlyArray<string>) => Effect.Effect<Columns, StoreFailed>
  /** {@link readTable}, one element a chunk. */
  readonly streamTable: (
    manifest: TableManifest,
    columns?: ReadonlyArray<string>
  ) => Stream.Stream<Columns, StoreFailed>
  /** A chunk's columns as buffers: what DuckDB reads. */
  readonly readChunk: (
    manifest: TableManifest,
    chunk: number,
    columns: ReadonlyArray<string>
  ) => Effect.Effect<EncodedChunk, StoreFailed>
  /** Stores any value that has canonical JSON. **Fails**: a value without one is a defect (`NotCanonical`). */
  readonly putValue: (value: unknown) => Effect.Effect<ValueManifest, StoreFailed>
  readonly readValue: (manifest: ValueManifest) => Effect.Effect<unknown, StoreFailed>
  /** Stores the files below a folder; `move` takes them over and removes the folder. */
  readonly putFolder: (
    folder: string,
    options?: { readonly move?: boolean }
  ) => Effect.Effect<FolderManifest, StoreFailed>
  /** The absolute path of a read-only copy of a stored folder. */
  readonly folderPath: (manifest: FolderManifest) => Effect.Effect<string, StoreFailed>
  readonly putBlob: (bytes: Uint8Array | string) => Effect.Effect<Digest, StoreFailed>
  readonly readBlob: (digest: Digest) => Effect.Effect<Uint8Array, StoreFailed>
  /** Whether all blobs of a result are there, unread: gc may have collected some while their action stays. */
  readonly holds: (manifest: Manifest) => Effect.Effect<boolean, StoreFailed>
  readonly getAction: (key: Digest) => Effect.Effect<Action | undefined, StoreFailed>
  /** Records an action once: the first of a key stays, see {@link PutAction}. */
  readonly putAction: (action: Action) => Effect.Effect<PutAction, StoreFailed>
  readonly openMemo: (rowFunction: Digest) => Effect.Effect<Memo, StoreFailed, Scope.Scope>
  /** Run records, latest first. */
  readonly listRuns: () => Effect.Effect<ReadonlyArray<RunRecord>, StoreFailed>
  readonly getRun: (run: string) => Effect.Effect<RunRecord | undefined, StoreFailed>
  /** The latest run of an experiment, or of any. */
  readonly latestRun: (experiment?: string) => Effect.Effect<RunRecord | undefined, StoreFailed>
  /** Writes a run record in one step; called again and again while the run goes on. */
  readonly putRun: (record: RunRecord) => Effect.Effect<void, StoreFailed>
  /**
   * A folder for the work on a key that survives a kill, so that a trainer resumes; `putFolder` with `move` ends it.
   */
  readonly workFolder: (key: Digest) => Effect.Effect<string, StoreFailed>
  /**
   * Holds the claim on a key's work until the scope ends, once nobody else does; `onWait` is called when that is not at
   * once. The work may be done by then.
   */
  readonly claim: (key: Digest, onWait: () => void) => Effect.Effect<void, StoreFailed, Scope.Scope>
}>()("sinternal/cache/Store") {}

/** How often a claim that somebody holds is looked at again. */
const claimPoll = "200 millis"

const prepare = (root: string): string => {
  const base = path.join(root, "v1")
  for (const name of ["blobs", "actions", "memo", "runs", "work", "claims", "folders", "tmp", "quarantine"]) {
    publish.makeFolder(path.join(base, name))
  }
  const file = path.join(base, "FORMAT")
  const expected = canonicalJson(format)
  // A cache that exists is only read here: it may lie on a read-only mount.
  if (!fs.existsSync(file)) publish.createFile(path.join(base, "tmp"), file, `${expected}\n`)
  const found = fs.readFileSync(file, "utf8").trim()
  if (found !== expected) {
    throw new StoreRefused({
      path: file,
      found: `this version reads the cache format ${expected}, the folder holds ${found.slice(0, 200)}`,
      next: "use another --cache folder, or the version that wrote this one"
    })
  }
  return base
}

/**
 * The store in `root`, made if it does not exist. **Fails**: `StoreRefused` for another format, `StoreIo` without
 * permission.
 */
export const layer = (root: string): Layer.Layer<Store, StoreFailed> => Layer.effect(Store, make(path.resolve(root)))

const make = Effect.fnUntraced(function*(root: string) {
  const base = yield* attempt("open the cache", root, () => prepare(root))
  const blobs = new Blobs(base)
  const tables = new Tables(blobs)
  const actions = new Actions(base, blobs)
  const claims = new Claims(base)
  const runs = new Runs(base)
  const intactFolders = new Set<string>()

  const takeClaim = (key: Digest) =>
    Effect.uninterruptible(Effect.gen(function*() {
      const taken = yield* attempt("claim work", root, () => claims.take(key))
      if (taken) {
        yield* Effect.addFinalizer(() => Effect.ignore(attempt("end a claim", root, () => claims.release(key))))
      }
      return taken
    }))

  const readTable = (manifest: TableManifest, columns?: ReadonlyArray<string>) =>
    attemptAsync("read a table", root, () => tables.read(manifest, columns))

  return Store.of({
    root,
    putTable: (schema, columns, rows) => attemptAsync("store a table", root, () => tables.put(schema, columns, rows)),
    readTable,
    streamTable: (manifest, columns) =>
      Stream.fromIterable(manifest.chunks.keys()).pipe(
        Stream.mapEffect((chunk) =>
          attemptAsync("read a table", root, () => tables.readChunkCells(manifest, chunk, columns))
        )
      ),
    readChunk: (manifest, chunk, columns) =>
      attemptAsync("read a table", root, () => tables.readChunk(manifest, chunk, columns)),
    putValue: (value) =>
      attempt("store a value", root, () => {
        const blob = blobs.put(canonicalJson(value))
        return { kind: "value" as const, blob, content: valueContent(blob) }
      }),
    readValue: (manifest) =>
      attempt("read a value", root, () => parseCanonicalJson(blobs.read(manifest.blob).toString("utf8"))),
    putFolder: (folder, options) =>
      attemptAsync("store a folder", root, () => folders.putFolder(base, blobs, folder, options?.move === true)),
    folderPath: (manifest) =>
      attemptAsync("show a folder", root, () => folders.materialise(base, blobs, manifest, intactFolders)),
    putBlob: (bytes) => attempt("store a blob", root, () => blobs.put(bytes)),
    readBlob: (digest) => attempt("read a blob", root, () => blobs.read(digest)),
    holds: (manifest) => attempt("look for blobs", root, () => blobsOf(manifest).every((blob) => blobs.has(blob))),
    getAction: (key) => attempt("read an action", root, () => actions.get(key)),
    putAction: (action) => attempt("store an action", root, () => actions.put(action)),
    openMemo: (rowFunction) =>
      Effect.suspend(() => openMemo(root, path.join(base, "memo", requireDigest(rowFunction)))),
    listRuns: () => attempt("list runs", root, () => runs.list()),
    getRun: (run) => attempt("read a run", root, () => runs.get(run)),
    latestRun: (experiment) => attempt("read a run", root, () => runs.latest(experiment)),
    putRun: (record) => attempt("store a run", root, () => runs.put(record)),
    workFolder: (key) =>
      attempt("make a work folder", root, () => {
        const folder = path.join(base, "work", requireDigest(key))
        publish.makeFolder(folder)
        return folder
      }),
    claim: Effect.fnUntraced(function*(key, onWait) {
      if (yield* takeClaim(key)) return
      onWait()
      while (!(yield* takeClaim(key))) yield* Effect.sleep(claimPoll)
    })
  })
})
