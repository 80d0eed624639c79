/**
 * Takes an archived run into a cache. The archive is read and checked to its end first; then blobs, rows and actions are
 * made durable, and the run's record last, so that nothing of it shows before all of it is there. What the cache has
 * already stays: the first result of a key counts.
 */
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { smallBlobBytes } from "../Blobs.ts"
import type { Digest } from "../Digest.ts"
import { baseOf } from "../layout.ts"
import { keyBytes, Kind } from "../log/Frame.ts"
import type { RunRecord } from "../Manifest.ts"
import type { Memo } from "../Memo.ts"
import * as publish from "../publish.ts"
import { Store } from "../Store.ts"
import { attempt, attemptAsync, type StoreFailed } from "../StoreFailed.ts"
import { type Archive, readArchive, type StagedBlob } from "./ArchiveReader.ts"
import { ArchiveRefused } from "./ArchiveRefused.ts"
import { digestInPieces } from "./digestInPieces.ts"
import { Pins } from "./Pins.ts"
import { LogCursor } from "./readLog.ts"

/** Rows are handed over in parts of about this many bytes, each durable before the next. */
const rowBytes = 8 << 20

export interface ImportOptions {
  readonly file: string
  /** Told how much of the file was read, of how much. **Unit**: bytes. */
  readonly onProgress: (done: number, total: number) => void
}

export interface Imported {
  readonly run: RunRecord
  /** Of these the cache had none. */
  readonly actions: number
  readonly blobs: number
  readonly rows: number
  readonly pins: ReadonlyArray<string>
  /** Names that this cache has given to something else. */
  readonly pinsInTheWay: ReadonlyArray<string>
  /** The cache has a record of this run already, and it stayed. */
  readonly recordStayed: boolean
}

type Refused = { readonly refused: ArchiveRefused }

/** {@link readArchive} in a folder below `tmp/`, which the scope's end removes. */
const staged = Effect.fnUntraced(function*(root: string, { file, onProgress }: ImportOptions) {
  const folder = path.join(baseOf(root), "tmp", `import-${randomBytes(8).toString("hex")}`)
  yield* Effect.acquireRelease(
    attempt("import", root, () => fs.mkdirSync(folder, { mode: 0o700 })),
    () => Effect.sync(() => fs.rmSync(folder, { recursive: true, force: true }))
  )
  const read = attemptAsync("import", root, async (): Promise<Archive | Refused> => {
    try {
      const { size } = fs.statSync(file)
      return await readArchive(file, folder, (done) => onProgress(done, size))
    } catch (error) {
      if (error instanceof ArchiveRefused) return { refused: error }
      throw error
    }
  })
  const archive: Archive | Refused = yield* read
  return "refused" in archive ? yield* archive.refused : archive
})

const readPart = ({ file, offset, size }: StagedBlob): Buffer => {
  const bytes = Buffer.alloc(size)
  const fd = fs.openSync(file, "r")
  try {
    fs.readSync(fd, bytes, 0, size, offset)
  } finally {
    fs.closeSync(fd)
  }
  return bytes
}

/** Returns whether the cache lacked it. */
const putBlob = Effect.fnUntraced(function*(digest: Digest, staged: StagedBlob) {
  const store = yield* Store
  if (staged.size <= smallBlobBytes) {
    const held = yield* store.holds({ kind: "value", blob: digest, content: "" })
    yield* store.putBlob(yield* attempt("import", store.root, () => readPart(staged)))
    return !held
  }
  return yield* attemptAsync("import", store.root, async () => {
    const target = path.join(baseOf(store.root), "blobs", digest.slice(0, 2), digest.slice(2))
    if (fs.existsSync(target) && await digestInPieces(target) === digest) return false
    publish.publishTemporary(staged.file, target)
    return true
  })
})

/** Puts the rows of an archived log that a memo has no result for. Returns how many. */
const putRows = async (memo: Memo, file: string): Promise<number> => {
  const fd = fs.openSync(file, "r")
  const failed = memo.failures
  let rows = 0
  try {
    for (const cursor = new LogCursor(fd, fs.fstatSync(fd).size); !cursor.atEnd;) {
      cursor.advance(rowBytes, {
        frame: ({ key, keys, kind, payload }) => {
          const own = Buffer.from(keys.subarray(key, key + keyBytes))
          if (memo.find(own, 0) >= 0) return
          const isFailure = kind === Kind.failure
          // attempts that are noted here already are the same ones
          if (isFailure && failed.has(Buffer.from(own).toString("hex"))) return
          const put = isFailure ? memo.putFailure(own, 0, payload) : memo.put(own, 0, payload)
          put.catch(() => undefined) // the flush below says it
          if (!isFailure) rows++
        }
      })
      await Effect.runPromise(memo.flush())
    }
    return rows
  } finally {
    fs.closeSync(fd)
  }
}

/** A record that was written earlier in the same run gives way to a later one. */
const isOlder = (existing: RunRecord, { finishedAt }: RunRecord): boolean =>
  existing.finishedAt === undefined && finishedAt !== undefined

const putRecord = Effect.fnUntraced(function*({ events, run }: Archive) {
  const store = yield* Store
  const existing = yield* store.getRun(run.run)
  if (existing !== undefined && !isOlder(existing, run)) return true
  yield* attempt("import", store.root, () => {
    const base = baseOf(store.root)
    publish.publishTemporary(
      publish.writeTemporary(path.join(base, "tmp"), events, 0o600),
      path.join(base, "runs", `${run.run}.ndjson`)
    )
  })
  yield* store.putRun(run)
  return false
})

/**
 * Imports the archive in `options.file`. **Fails**: `ArchiveRefused` where it is none, or not as it was written;
 * `StoreFailed`. Then no run of it shows.
 */
export const importRun = (options: ImportOptions): Effect.Effect<Imported, ArchiveRefused | StoreFailed, Store> =>
  Effect.scoped(Effect.gen(function*() {
    const store = yield* Store
    const archive = yield* staged(store.root, options)
    const { run } = archive
    let [actions, blobs, rows] = [0, 0, 0]
    for (const [digest, blob] of archive.blobs) if (yield* putBlob(digest, blob)) blobs++
    for (const [rowFunction, file] of archive.rows) {
      rows += yield* Effect.scoped(Effect.flatMap(
        store.openMemo(rowFunction),
        (memo) => attemptAsync("import", store.root, () => putRows(memo, file))
      ))
    }
    yield* store.flush()
    for (const action of archive.actions) {
      const { kept } = yield* store.putAction(action)
      if (kept === action) actions++
    }
    yield* store.flush()
    const recordStayed = yield* putRecord(archive)
    const pins = new Pins(baseOf(store.root))
    const made = yield* attempt("import", store.root, () =>
      archive.pins.map((pin) => {
        const mine = pins.get(pin.name)
        const same = mine !== undefined && mine.run === pin.run && mine.node === pin.node
        return { name: pin.name, stands: same || (mine === undefined && pins.create(pin)) }
      }))
    return {
      run,
      actions,
      blobs,
      rows,
      pins: made.filter(({ stands }) => stands).map(({ name }) => name),
      pinsInTheWay: made.filter(({ stands }) => !stands).map(({ name }) => name),
      recordStayed
    }
  }))
