/**
 * The cache as a service: tables, values, folders, actions, row memos and run records below one folder. Files are the
 * truth and readers never wait; this module joins the parts and knows the layout, while keys and gc belong to the
 * layers above.
 *
 *     <root>/v2/FORMAT                            layout and hash; another layout gets a folder beside it
 *       journal/<writer>.log                      small blobs and actions; `.idx` beside a large log is derived
 *       blobs/ab/cd…                              larger blobs, and those of folders
 *       memo/<row function>/<writer>.log          row results; `.claims`: rows their holder works on
 *       claims/<key>                              who works on a node
 *       runs/<run>.json  <run>.ndjson             what a run did; its events
 *       work/<key>/  folders/<content>/           unfinished work that survives a kill; folders shown read-only
 *       pins/  trash/  quarantine/  derived/  tmp/
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
import { Journal } from "./Journal.ts"
import { baseOf, layout } from "./layout.ts"
import { MemoryBudget } from "./log/LogBytes.ts"
import type { Action, FolderManifest, Manifest, RunRecord, TableManifest, ValueManifest } from "./Manifest.ts"
import { blobsOf, valueContent } from "./Manifest.ts"
import { type Memo, openMemo } from "./Memo.ts"
import * as publish from "./publish.ts"
import { Runs } from "./Runs.ts"
import { attempt, attemptAsync, type StoreFailed, StoreRefused } from "./StoreFailed.ts"
import { isArrowLoaded } from "./TableBlob.ts"
import { type Columns, type EncodedChunk, type ReadChunkOptions, Tables } from "./Tables.ts"
import type { TableWriter } from "./TableWriter.ts"

export { baseOf }
export type { Columns, EncodedChunk, Memo, PutAction, ReadChunkOptions, StoreFailed, TableWriter }

/** What this version writes into `FORMAT`; another layout gets another `v` folder beside it. */
const format = { layout, hash: "sha256", chunkRows: 8192 }

export class Store extends Context.Service<Store, {
  readonly root: string
  /** Stores a table. Shape: every column of `schema` has `rows` cells. */
  readonly putTable: (schema: TableSchema, columns: Columns, rows: number) => Effect.Effect<TableManifest, StoreFailed>
  /**
   * A table to be written row by row, in the memory of one chunk. Its methods throw; whoever calls them does so within
   * `attempt`.
   */
  readonly tableWriter: (schema: TableSchema) => Effect.Effect<TableWriter, StoreFailed>
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
    columns: ReadonlyArray<string>,
    options?: ReadChunkOptions
  ) => Effect.Effect<EncodedChunk, StoreFailed>
  /** Stores any value that has canonical JSON. **Fails**: a value without one is a defect (`NotCanonical`). */
  readonly putValue: (value: unknown) => Effect.Effect<ValueManifest, StoreFailed>
  readonly readValue: (manifest: ValueManifest) => Effect.Effect<unknown, StoreFailed>
  /** Stores the files below a folder; `move` takes them over and removes the folder. */
  readonly putFolder: (
    folder: string,
    options?: folders.PutFolderOptions
  ) => Effect.Effect<FolderManifest, StoreFailed>
  /** The absolute path of a read-only copy of a stored folder. */
  readonly folderPath: (manifest: FolderManifest) => Effect.Effect<string, StoreFailed>
  readonly putBlob: (bytes: Uint8Array | string) => Effect.Effect<Digest, StoreFailed>
  readonly readBlob: (digest: Digest) => Effect.Effect<Uint8Array, StoreFailed>
  /** Whether all blobs of a result are there, unread: gc may have collected some while their action stays. */
  readonly holds: (manifest: Manifest) => Effect.Effect<boolean, StoreFailed>
  /** The action of a key; with `refresh`, also when another process recorded it since. */
  readonly getAction: (
    key: Digest,
    options?: { readonly refresh?: boolean }
  ) => Effect.Effect<Action | undefined, StoreFailed>
  /** The action of a key as this process knows it, at once; a damaged one is none. Never throws. */
  readonly peekAction: (key: Digest) => Action | undefined
  /**
   * Records an action once: the first of a key stays, see {@link PutAction}. It can be read at once; `durable` completes
   * when it is on disk, and every blob that this process put before it.
   */
  readonly putAction: (
    action: Action
  ) => Effect.Effect<PutAction & { readonly durable: Effect.Effect<void, StoreFailed> }, StoreFailed>
  /** Completes once every action, value and blob handed over so far is on disk. */
  readonly flush: () => Effect.Effect<void, StoreFailed>
  readonly openMemo: (rowFunction: Digest) => Effect.Effect<Memo, StoreFailed, Scope.Scope>
  /** Run records, latest first. */
  readonly listRuns: () => Effect.Effect<ReadonlyArray<RunRecord>, StoreFailed>
  /** Names of all runs, newest first: what a caller that looks for one reads record by record. */
  readonly runNames: () => Effect.Effect<ReadonlyArray<string>, StoreFailed>
  readonly getRun: (run: string) => Effect.Effect<RunRecord | undefined, StoreFailed>
  /** The latest run of an experiment, or of any. */
  readonly latestRun: (experiment?: string) => Effect.Effect<RunRecord | undefined, StoreFailed>
  /** Writes a run record in one step; called again and again while the run goes on. */
  readonly putRun: (record: RunRecord) => Effect.Effect<void, StoreFailed>
  /** Adds whole lines to a run's event log, as well as the disk lets it: events are no results. */
  readonly appendEvents: (run: string, lines: string) => Effect.Effect<void>
  /** The whole lines of a run's event log; a line that was cut off is left out. */
  readonly readEvents: (run: string) => Effect.Effect<ReadonlyArray<string>, StoreFailed>
  /**
   * A folder for the work on a key that survives a kill, so that a trainer resumes; `putFolder` with `move` ends it.
   */
  readonly workFolder: (key: Digest) => Effect.Effect<string, StoreFailed>
  /**
   * Holds the claim on a key's work until the scope ends and what was recorded by then is on disk, once nobody else
   * does; `onWait` is called when that is not at once. The work may be done by then: ask `getAction` with `refresh`.
   */
  readonly claim: (key: Digest, onWait: () => void) => Effect.Effect<void, StoreFailed, Scope.Scope>
}>()("sinternal/cache/Store") {}

/** A claim that somebody holds is looked at again after this long, and then after twice as long each time. */
const claimPollMs = { first: 2, last: 200 }

/** Bytes of logs held in memory, all logs of a store together. */
const logMemoryBytes = 256 << 20

const folderNames = [
  "journal",
  "blobs",
  "memo",
  "claims",
  "runs",
  "work",
  "folders",
  "pins",
  "trash",
  "quarantine",
  "derived",
  "tmp"
]

/** The text of a `FORMAT`, if it says a layout: one that does not is damaged. */
const formatIn = (file: string): string | undefined => {
  const text = publish.readIfExists(file)?.toString("utf8").trim() ?? ""
  try {
    return typeof JSON.parse(text).layout === "number" ? text : undefined
  } catch {
    return undefined
  }
}

const prepare = (root: string): string => {
  const base = baseOf(root)
  for (const name of folderNames) publish.makeFolder(path.join(base, name))
  const file = path.join(base, "FORMAT")
  const expected = canonicalJson(format)
  const found = formatIn(file)
  // A cache that exists is only read here: it may lie on a read-only mount. Its folder's name says the layout as well.
  if (found === undefined) publish.replaceFile(path.join(base, "tmp"), file, `${expected}\n`)
  else if (found !== expected) {
    throw new StoreRefused({
      path: file,
      found: `this version reads the cache format ${expected}, the folder holds ${found.slice(0, 200)}`,
      next: "use another --cache folder, or the version that wrote this one"
    })
  }
  return base
}

/**
 * The store in `root`, made if it does not exist. Its end waits for what is on its way to the disk. **Fails**: `StoreRefused` for another format, `StoreIo` without
 * permission.
 */
export const layer = (root: string): Layer.Layer<Store, StoreFailed> => Layer.effect(Store, make(path.resolve(root)))

const make = Effect.fnUntraced(function*(root: string) {
  const base = yield* attempt("open the cache", root, () => prepare(root))
  const budget = new MemoryBudget(logMemoryBytes)
  const journal = new Journal(base, budget)
  const blobs = new Blobs(base, journal)
  const tables = new Tables(blobs)
  const actions = new Actions(journal, blobs)
  const claims = new Claims(base)
  const runs = new Runs(base)
  const intactFolders = new Set<string>()
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      yield* Effect.ignore(attemptAsync("write the journal", root, () => journal.flush())) // who recorded it was told
      yield* Effect.ignore(attempt("end claims", root, () => claims.close()))
      yield* Effect.ignore(attemptAsync("close the journal", root, () => journal.close()))
    })
  )

  const takeClaim = (key: Digest) =>
    Effect.uninterruptible(Effect.gen(function*() {
      const taken = yield* attempt("claim work", root, () => claims.take(key))
      if (taken) {
        // Whoever gets the claim next must find what was recorded under it.
        yield* Effect.addFinalizer(() =>
          journal.pending
            ? Effect.sync(() => claims.releaseAfter(key, journal.committed))
            : Effect.ignore(attempt("end a claim", root, () => claims.release(key)))
        )
      }
      return taken
    }))

  const readTable = (manifest: TableManifest, columns?: ReadonlyArray<string>) =>
    attemptAsync("read a table", root, () => tables.read(manifest, columns))

  return Store.of({
    root,
    putTable: (schema, columns, rows) => attemptAsync("store a table", root, () => tables.put(schema, columns, rows)),
    tableWriter: (schema) => attemptAsync("store a table", root, () => tables.writer(schema)),
    readTable,
    streamTable: (manifest, columns) =>
      Stream.fromIterable(manifest.chunks.keys()).pipe(
        Stream.mapEffect((chunk) =>
          attemptAsync("read a table", root, () => tables.readChunkCells(manifest, chunk, columns))
        )
      ),
    readChunk: (manifest, chunk, columns, options) =>
      Effect.suspend(() =>
        // Without waiting wherever that is possible: DuckDB asks for chunks in the middle of its own work.
        isArrowLoaded()
          ? attempt("read a table", root, () => tables.readChunkNow(manifest, chunk, columns, options))
          : attemptAsync("read a table", root, () => tables.readChunk(manifest, chunk, columns, options))
      ),
    putValue: (value) =>
      attempt("store a value", root, () => {
        const blob = blobs.put(canonicalJson(value))
        return { kind: "value" as const, blob, content: valueContent(blob) }
      }),
    readValue: (manifest) =>
      attempt("read a value", root, () => parseCanonicalJson(blobs.read(manifest.blob).toString("utf8"))),
    putFolder: (folder, options) =>
      attemptAsync("store a folder", root, () => folders.putFolder(base, blobs, folder, options ?? {})),
    folderPath: (manifest) =>
      attemptAsync("show a folder", root, () => folders.materialise(base, blobs, manifest, intactFolders)),
    putBlob: (bytes) => attempt("store a blob", root, () => blobs.put(bytes)),
    readBlob: (digest) => attempt("read a blob", root, () => blobs.read(digest)),
    holds: (manifest) => attempt("look for blobs", root, () => blobsOf(manifest).every((blob) => blobs.has(blob))),
    getAction: (key, options) => attempt("read an action", root, () => actions.get(key, options?.refresh === true)),
    peekAction: (key) => actions.peek(key),
    putAction: (action) =>
      attempt("store an action", root, () => {
        const put = actions.put(action)
        const { committed } = journal
        return { ...put, durable: attemptAsync("store an action", root, () => committed) }
      }),
    flush: () => attemptAsync("write the journal", root, () => journal.flush()),
    openMemo: (rowFunction) =>
      Effect.suspend(() => {
        const folder = path.join(base, "memo", requireDigest(rowFunction))
        return openMemo({
          root,
          folder,
          quarantine: path.join(base, "quarantine"),
          tmp: path.join(base, "tmp"),
          budget
        })
      }),
    listRuns: () => attempt("list runs", root, () => runs.list()),
    runNames: () => attempt("list runs", root, () => runs.names()),
    getRun: (run) => attempt("read a run", root, () => runs.get(run)),
    latestRun: (experiment) => attempt("read a run", root, () => runs.latest(experiment)),
    putRun: (record) => attempt("store a run", root, () => runs.put(record)),
    appendEvents: (run, lines) => Effect.ignore(attempt("write events", root, () => runs.appendEvents(run, lines))),
    readEvents: (run) => attempt("read events", root, () => runs.readEvents(run)),
    workFolder: (key) =>
      attempt("make a work folder", root, () => {
        const folder = path.join(base, "work", requireDigest(key))
        // No sync: what is written into it makes it durable.
        fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
        return folder
      }),
    claim: Effect.fnUntraced(function*(key, onWait) {
      if (yield* takeClaim(key)) return
      onWait()
      for (
        let pauseMs = claimPollMs.first;
        !(yield* takeClaim(key));
        pauseMs = Math.min(pauseMs * 2, claimPollMs.last)
      ) {
        yield* Effect.sleep(pauseMs)
      }
    })
  })
})
