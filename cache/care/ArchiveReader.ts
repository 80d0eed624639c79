/**
 * Reads an archive of a run from a stream and checks all of it, into a folder of its own: what the archive says can be
 * used once its end is there and right. Publishing it is the business of `importRun.ts`.
 */
import { createHash, type Hash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { Readable } from "node:stream"
import { createZstdDecompress, zstdDecompressSync } from "node:zlib"
import * as Schema from "effect/Schema"
import { smallBlobBytes } from "../Blobs.ts"
import { canonicalJson, type Digest, digestBytes } from "../Digest.ts"
import { safePath } from "../folders.ts"
import { Kind } from "../log/Frame.ts"
import { type Action, blobsOf, decodeAction, decodeRun, type Manifest, type RunRecord } from "../Manifest.ts"
import { Contents, type Entry, entryOf, Head, names } from "./archive.ts"
import { ArchiveRefused } from "./ArchiveRefused.ts"
import { ByteSource, EndedEarly } from "./ByteSource.ts"
import { contentOf } from "./contentOf.ts"
import { decodePin, encodePin, type Pin } from "./Pins.ts"
import { readLog } from "./readLog.ts"
import * as tar from "./tar.ts"

/** A blob in the reader's folder: a large one is a file of its own, synced; small ones share one. Unit: bytes. */
export interface StagedBlob {
  readonly file: string
  readonly offset: number
  readonly size: number
}

/** What an archive holds, checked. */
export interface Archive {
  readonly run: RunRecord
  /** Whole lines. */
  readonly events: string
  readonly pins: ReadonlyArray<Pin>
  readonly actions: ReadonlyArray<Action>
  readonly blobs: ReadonlyMap<Digest, StagedBlob>
  readonly rows: ReadonlyMap<Digest, string>
}

/** Texts are held in memory; an archive with a larger one is not one of ours. */
const largestText = 256 << 20

const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

const cut = "it ends in the middle; copy or export it again"
const altered = "it is not what was exported; copy or export it again"

class Refused extends Error {
  readonly next: string
  constructor(found: string, next: string = altered) {
    super(found)
    this.next = next
  }
}

const decoded = <A>(schema: Schema.Codec<A, unknown>, text: string, name: string): A => {
  try {
    const value = Schema.decodeUnknownSync(schema)(JSON.parse(text))
    if (canonicalJson(value) === text) return value
  } catch {
    // told below
  }
  throw new Refused(`${name} is not in its form`)
}

/** A check that throws plain errors, as a refusal that names the file. */
const checked = <A>(name: string, check: () => A): A => {
  try {
    return check()
  } catch (error) {
    throw new Refused(`${name}: ${(error as Error).message}`)
  }
}

const checkManifest = (manifest: Manifest): void => {
  if (contentOf(manifest) !== manifest.content) throw new Refused("a manifest does not have its content digest")
  if (manifest.kind !== "folder") return
  const outside = manifest.files.find((file) => !safePath(file.path))
  if (outside !== undefined) throw new Refused(`a folder names the file ${JSON.stringify(outside.path)} outside itself`)
}

const checkRows = (file: string): void => {
  const { tail } = readLog(file, {
    frame: ({ kind }) => {
      if (kind !== Kind.result && kind !== Kind.failure) throw new Refused("it holds frames that are no rows")
    },
    damage: () => {
      throw new Refused("a frame's check does not match")
    }
  })
  if (tail > 0) throw new Refused("its last frame is cut")
}

const checkEvents = (text: string): void => {
  if (text !== "" && !text.endsWith("\n")) throw new Refused("its last line is cut")
  for (const line of text.split("\n")) if (line !== "") JSON.parse(line)
}

const pinsOf = (text: string, run: string): ReadonlyArray<Pin> => {
  const pins = JSON.parse(text) as ReadonlyArray<Pin>
  if (!Array.isArray(pins) || canonicalJson(pins) !== text) throw new Error("it is no list of pins")
  for (const pin of pins) if (decodePin(encodePin(pin)).run !== run) throw new Error("a pin names another run")
  return pins
}

class ArchiveReader {
  readonly #source: ByteSource
  readonly #folder: string
  readonly #listed: Array<Contents["files"][number]> = []
  readonly #texts = new Map<Entry["kind"], string>()
  readonly #actions: Array<Action> = []
  readonly #blobs = new Map<Digest, StagedBlob>()
  readonly #rows = new Map<Digest, string>()
  #smallBytes = 0

  constructor(source: ByteSource, folder: string) {
    this.#source = source
    this.#folder = folder
  }

  async read(): Promise<Archive> {
    const seen = new Set<string>()
    while (!this.#texts.has("contents")) {
      const found = tar.parseHeader(await this.#source.read(tar.blockBytes))
      const entry = found === undefined ? undefined : entryOf(found.name)
      if (seen.size === 0 && entry?.kind !== "head") {
        throw new Refused("it is no archive of a run", "name a file that `pipeline export run` made")
      }
      if (found === undefined) throw new Refused("a file's header is damaged")
      if (entry === undefined) throw new Refused(`it holds ${JSON.stringify(found.name)}, which archives do not have`)
      if (seen.has(found.name)) throw new Refused(`it holds ${found.name} twice`)
      seen.add(found.name)
      await this.#take(entry, found.name, found.size)
    }
    if ((await this.#source.read(2 * tar.blockBytes)).some((byte) => byte !== 0) || !await this.#source.ended()) {
      throw new Refused("something stands behind its end")
    }
    return this.#whole()
  }

  async #take(entry: Entry, name: string, size: number): Promise<void> {
    const hash = createHash("sha256")
    if (entry.kind === "blob" && size <= smallBlobBytes) await this.#takeSmall(entry.digest, name, size)
    else if (entry.kind === "blob" || entry.kind === "rows") await this.#takeFile(entry, name, size, hash)
    else await this.#takeText(entry, name, size, hash)
    if ((await this.#source.read(tar.padding(size).length)).some((byte) => byte !== 0)) {
      throw new Refused("a file's end is damaged")
    }
  }

  /** A small blob. */
  async #takeSmall(digest: Digest, name: string, size: number): Promise<void> {
    const bytes = await this.#source.read(size)
    this.#listed.push([name, size, digestBytes(bytes)])
    if (digestBytes(bytes) !== digest) throw new Refused(`the bytes of ${name} do not have this digest`)
    const file = path.join(this.#folder, "small")
    fs.appendFileSync(file, bytes, { mode: 0o600 })
    this.#blobs.set(digest, { file, offset: this.#smallBytes, size })
    this.#smallBytes += size
  }

  async #takeFile(entry: Extract<Entry, { digest: Digest }>, name: string, size: number, hash: Hash): Promise<void> {
    const file = path.join(this.#folder, name.replace("/", "-"))
    const handle = await fs.promises.open(file, "wx", 0o400)
    try {
      for await (const piece of this.#source.pieces(size)) {
        hash.update(piece)
        await handle.writeFile(piece)
      }
      await handle.datasync()
    } finally {
      await handle.close()
    }
    const digest = hash.digest("hex")
    this.#listed.push([name, size, digest])
    if (entry.kind === "blob" && digest !== entry.digest) {
      throw new Refused(`the bytes of ${name} do not have this digest`)
    }
    if (entry.kind === "rows") checked(name, () => checkRows(file))
    if (entry.kind === "blob") this.#blobs.set(entry.digest, { file, offset: 0, size })
    else this.#rows.set(entry.digest, file)
  }

  async #takeText(entry: Entry, name: string, size: number, hash: Hash): Promise<void> {
    if (size > largestText) throw new Refused(`${name} is larger than any that archives have`)
    const bytes = await this.#source.read(size)
    if (entry.kind !== "contents") this.#listed.push([name, size, hash.update(bytes).digest("hex")])
    if (entry.kind !== "action") {
      this.#texts.set(entry.kind, bytes.toString("utf8"))
      if (entry.kind === "head") decoded(Head, this.#text("head"), name)
      return
    }
    checked(name, () => {
      const action = decodeAction(bytes, entry.digest)
      checkManifest(action.manifest)
      this.#actions.push(action)
    })
  }

  #text(kind: "head" | "run" | "events" | "pins" | "contents"): string {
    const text = this.#texts.get(kind)
    if (text === undefined) throw new Refused(`it lacks ${names[kind]}`)
    return text
  }

  /** Holds the parts against each other. */
  #whole(): Archive {
    const contents = decoded(Contents, this.#text("contents"), names.contents)
    if (canonicalJson(contents.files) !== canonicalJson(this.#listed)) {
      throw new Refused("its files are not those it lists")
    }
    const head = decoded(Head, this.#text("head"), names.head)
    const run = checked(names.run, () => decodeRun(this.#text("run")))
    if (run.run !== head.run || run.experiment !== head.experiment) throw new Refused("its record is of another run")
    const events = this.#text("events")
    checked(names.events, () => checkEvents(events))
    const pins = checked(names.pins, () => pinsOf(this.#text("pins"), run.run))
    const missing = new Set(contents.missing)
    const manifests = [
      ...run.nodes.flatMap(({ manifest }) => manifest ?? []),
      ...this.#actions.map((one) => one.manifest)
    ]
    for (const manifest of manifests) {
      checkManifest(manifest)
      const lacking = blobsOf(manifest).find((blob) => !this.#blobs.has(blob) && !missing.has(blob))
      if (lacking !== undefined) throw new Refused(`it lacks blob ${lacking.slice(0, 12)}…`)
    }
    return { run, events, pins, actions: this.#actions, blobs: this.#blobs, rows: this.#rows }
  }
}

/** The stream of a tar, and what can be told once all of it was read. */
interface Opened {
  readonly bytes: Readable
  /** Throws where the file holds more than the stream gave. */
  readonly checkEnd: () => void
}

/** What a compressor may add behind its frame, at most. */
const largestEnd = 64

/** Decompression stops behind the first frame: what is left of the file must be nothing, or frames of nothing. */
const checkEndOf = (file: string, consumed: number): void => {
  const left = fs.statSync(file).size - consumed
  const rest = Buffer.alloc(Math.min(left, largestEnd))
  const fd = fs.openSync(file, "r")
  try {
    fs.readSync(fd, rest, 0, rest.length, consumed)
  } finally {
    fs.closeSync(fd)
  }
  if (left > largestEnd || (left > 0 && zstdDecompressSync(rest).length > 0)) {
    throw new Refused("something stands behind its end")
  }
}

/** The bytes of the tar in a file, whether it is compressed or not. */
const opened = async (file: string, onProgress: (done: number) => void): Promise<Opened> => {
  const handle = await fs.promises.open(file, "r")
  const start = Buffer.alloc(zstdMagic.length)
  try {
    await handle.read(start, 0, start.length, 0)
  } finally {
    await handle.close()
  }
  const raw = fs.createReadStream(file, { highWaterMark: 1 << 20 })
  let done = 0
  raw.on("data", (chunk) => onProgress(done += chunk.length))
  if (!start.equals(zstdMagic)) return { bytes: raw, checkEnd: () => undefined }
  const decompress = createZstdDecompress()
  raw.on("error", (error) => decompress.destroy(error))
  return { bytes: raw.pipe(decompress), checkEnd: () => checkEndOf(file, decompress.bytesWritten) }
}

const isZstdError = (error: unknown): boolean => String((error as NodeJS.ErrnoException).code).startsWith("ZSTD_")

/**
 * Reads the archive in `file` into `folder`, which is empty. **Fails**: rejects with {@link ArchiveRefused}; with what
 * the file system says.
 */
export const readArchive = async (
  file: string,
  folder: string,
  onProgress: (done: number) => void
): Promise<Archive> => {
  const { bytes, checkEnd } = await opened(file, onProgress)
  try {
    const archive = await new ArchiveReader(new ByteSource(bytes as AsyncIterable<Uint8Array>), folder).read()
    checkEnd()
    return archive
  } catch (error) {
    if (error instanceof Refused) throw new ArchiveRefused({ file, found: error.message, next: error.next })
    if (error instanceof EndedEarly) throw new ArchiveRefused({ file, found: "the archive is cut", next: cut })
    if (isZstdError(error) || (error as NodeJS.ErrnoException).code === "Z_BUF_ERROR") {
      throw new ArchiveRefused({ file, found: `the archive is damaged (${(error as Error).message})`, next: altered })
    }
    throw error
  } finally {
    bytes.destroy()
  }
}
