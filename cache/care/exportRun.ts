/**
 * Writes one run of a cache into an archive: everything another machine needs to show it or to go on with it, but
 * sources, which are looked for where the experiment says. Equal runs give equal bytes.
 */
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createZstdCompress } from "node:zlib"
import { canonicalJson, type Digest, digestBytes } from "../Digest.ts"
import { parseHolder } from "../Holder.ts"
import { Blobs } from "../Blobs.ts"
import { Journal } from "../Journal.ts"
import { MemoryBudget } from "../log/LogBytes.ts"
import { type Action, blobsOf, decodeAction, encodeRun, type RunRecord } from "../Manifest.ts"
import { cannotLink } from "../publish.ts"
import { Runs } from "../Runs.ts"
import { type Contents, form, type Head, names } from "./archive.ts"
import { writersIn } from "./Inventory.ts"
import type { Knowledge } from "./Knowledge.ts"
import { processOf } from "./Living.ts"
import { Pins } from "./Pins.ts"
import { StandingRows } from "./StandingRows.ts"
import * as tar from "./tar.ts"

/** Files are read in pieces of this size. */
const pieceBytes = 1 << 20

export interface ExportOptions {
  /** The folder of the layout. */
  readonly base: string
  readonly knowledge: Knowledge
  readonly run: RunRecord
  /** The file to make; compressed with zstd where it ends in `.zst`. */
  readonly to: string
  /** Told how much was written, before compression, of about how much. **Unit**: bytes. */
  readonly onProgress: (done: number, total: number) => void
}

export interface Exported {
  /** Bytes of the file. */
  readonly bytes: number
  readonly actions: number
  readonly blobs: number
  readonly rows: number
  /** Labels of nodes whose results are not whole in this cache. */
  readonly missing: ReadonlyArray<string>
}

const sorted = (digests: Iterable<Digest>): ReadonlyArray<Digest> => [...new Set(digests)].sort()

/** What goes into the archive of one run. */
class Export {
  readonly #options: ExportOptions
  readonly #journal: Journal
  readonly #blobs: Blobs
  readonly #files: Array<Contents["files"][number]> = []
  readonly #actions = new Map<Digest, Uint8Array>()
  readonly #rows = new Map<Digest, StandingRows>()
  #blobNames: ReadonlyArray<Digest> = []
  readonly #missing = new Set<Digest>()
  readonly #missingLabels = new Set<string>()
  #total = 0
  #done = 0

  constructor(options: ExportOptions, journal: Journal) {
    this.#options = options
    this.#journal = journal
    this.#blobs = new Blobs(options.base, journal)
  }

  get counts() {
    const rows = [...this.#rows.values()].reduce((sum, { count }) => sum + count, 0)
    const blobs = this.#blobNames.length - this.#missing.size
    return { actions: this.#actions.size, blobs, rows, missing: [...this.#missingLabels].sort() }
  }

  /** Finds out what the run needs. */
  gather(): void {
    const { base, knowledge, run } = this.#options
    const blobs = new Set<Digest>()
    const rowFunctions = new Set<Digest>()
    const addBlobs = (label: string, digests: ReadonlyArray<Digest>): void => {
      for (const digest of digests) {
        blobs.add(digest)
        if (this.#blobs.has(digest)) continue
        this.#missing.add(digest)
        this.#missingLabels.add(label)
      }
    }
    for (const { key, label, manifest } of run.nodes) {
      if (manifest !== undefined) addBlobs(label, blobsOf(manifest))
      const action = key === undefined ? undefined : this.#takeAction(key)
      if (action === undefined) continue
      addBlobs(label, blobsOf(action.manifest))
      const { rowFunction } = knowledge.usesOf(action)
      if (rowFunction !== undefined) rowFunctions.add(rowFunction)
    }
    // rows of nodes that did not come to an end: those that this run's process wrote
    const holder = parseHolder(knowledge.holderOf(run) ?? "")
    const memo = path.join(base, "memo")
    for (const name of holder === undefined || !fs.existsSync(memo) ? [] : fs.readdirSync(memo)) {
      if (writersIn(path.join(memo, name)).has(processOf(holder!))) rowFunctions.add(name)
    }
    this.#blobNames = sorted(blobs)
    for (const rowFunction of sorted(rowFunctions)) {
      const rows = new StandingRows(path.join(memo, rowFunction))
      if (rows.count === 0) {
        rows.close()
        continue
      }
      this.#rows.set(rowFunction, rows)
      this.#total += rows.bytes
    }
    for (const blob of this.#blobNames) {
      if (!this.#missing.has(blob)) {
        this.#total += fs.statSync(this.#blobs.pathOf(blob), { throwIfNoEntry: false })?.size ?? 0
      }
    }
  }

  #takeAction(key: Digest): Action | undefined {
    const stored = this.#journal.get("action", key)
    if (stored === undefined) return undefined
    const bytes = Buffer.from(stored)
    try {
      const action = decodeAction(bytes, key)
      this.#actions.set(key, bytes)
      return action
    } catch {
      return undefined // it counts as none for runs as well
    }
  }

  /** The bytes of the archive. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    const { base, run } = this.#options
    const head: Head = { ...form, run: run.run, experiment: run.experiment }
    yield* this.#whole(names.head, canonicalJson(head))
    yield* this.#whole(names.run, encodeRun(run))
    yield* this.#whole(names.events, new Runs(base).readEvents(run.run).map((line) => `${line}\n`).join(""))
    yield* this.#whole(names.pins, canonicalJson(new Pins(base).list().filter((pin) => pin.run === run.run)))
    for (const key of sorted(this.#actions.keys())) yield* this.#whole(names.action(key), this.#actions.get(key)!)
    for (const blob of this.#blobNames) if (!this.#missing.has(blob)) yield* this.#blob(blob)
    for (const [rowFunction, rows] of this.#rows) {
      yield* this.#file(names.rows(rowFunction), rows.bytes, rows.pieces())
    }
    const contents: Contents = { files: this.#files, missing: sorted(this.#missing) }
    yield* this.#whole(names.contents, canonicalJson(contents))
    yield tar.trailer()
  }

  /** A file that is held in memory, in one piece. */
  *#whole(name: string, body: string | Uint8Array): Generator<Uint8Array> {
    const bytes = typeof body === "string" ? Buffer.from(body) : body
    this.#passed(bytes.length)
    this.#files.push([name, bytes.length, digestBytes(bytes)])
    yield Buffer.concat([tar.header(name, bytes.length), bytes, tar.padding(bytes.length)])
  }

  #passed(bytes: number): void {
    this.#done += bytes
    this.#options.onProgress(this.#done, Math.max(this.#total, this.#done))
  }

  async *#file(
    name: string,
    size: number,
    pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  ): AsyncGenerator<Uint8Array> {
    yield tar.header(name, size)
    const hash = createHash("sha256")
    for await (const piece of pieces) {
      hash.update(piece)
      this.#passed(piece.length)
      yield piece
    }
    yield tar.padding(size)
    this.#files.push([name, size, hash.digest("hex")])
  }

  /** **Fails**: rejects with `BlobDamaged`. */
  async *#blob(blob: Digest): AsyncGenerator<Uint8Array> {
    const file = this.#blobs.pathOf(blob)
    const size = fs.statSync(file, { throwIfNoEntry: false })?.size
    if (size === undefined) return yield* this.#whole(names.blob(blob), this.#blobs.read(blob))
    yield* this.#file(names.blob(blob), size, fs.createReadStream(file, { highWaterMark: pieceBytes }))
    const digest = this.#files.at(-1)![2]
    if (digest !== blob) throw this.#blobs.damaged(blob, `its bytes have the digest ${digest.slice(0, 16)}…`)
  }

  close(): void {
    for (const rows of this.#rows.values()) rows.close()
  }
}

/** Gives a finished file its name, unless there is one of that name. */
const publish = (part: string, to: string): void => {
  try {
    fs.linkSync(part, to)
  } catch (error) {
    if (!cannotLink((error as NodeJS.ErrnoException).code) || fs.existsSync(to)) throw error
    fs.renameSync(part, to)
  }
}

/**
 * **Fails**: rejects with `BlobDamaged`; with what the file system says, `EEXIST` where `to` is there already. No
 * file is left then.
 */
export const exportRun = async (options: ExportOptions): Promise<Exported> => {
  const { base, to } = options
  const part = `${to}.${process.pid}.part`
  const journal = new Journal(base, new MemoryBudget(64 << 20))
  const made = new Export(options, journal)
  try {
    made.gather()
    const target = fs.createWriteStream(part, { flags: "wx", mode: 0o600, flush: true })
    const source = Readable.from(made.bytes(), { objectMode: false })
    if (to.endsWith(".zst")) await pipeline(source, createZstdCompress(), target)
    else await pipeline(source, target)
    publish(part, to)
    return { bytes: fs.statSync(to).size, ...made.counts }
  } finally {
    fs.rmSync(part, { force: true })
    made.close()
    await journal.close()
  }
}
