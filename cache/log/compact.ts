/**
 * Merges small logs whose writers are gone into one, so that the number of files does not grow with the number of runs.
 * The merged log is durable before the others go, and its name stands where theirs stood, so "the first result of a key"
 * stays the first. Frames that can never matter again are left out. When to merge is decided by `LogFolder.ts`.
 */
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import type { Watch } from "../Holder.ts"
import type { HolderFile } from "../HolderFile.ts"
import * as publish from "../publish.ts"
import {
  encodeFrame,
  frameSize,
  headerBytes,
  isHeader,
  isPayloadIntact,
  keyAt,
  keyBytes,
  Kind,
  kindOf
} from "./Frame.ts"
import { KeyIndex } from "./KeyIndex.ts"
import { ifUnlocked } from "./lock.ts"
import { isMerged, mergedName } from "./logName.ts"
import { LogBytes, MemoryBudget } from "./LogBytes.ts"
import { scan, type Visit } from "./scan.ts"

/** A log of at most this many bytes is small. */
export const smallLogBytes = 8 << 20

/** Fewer neighbours than this are not worth a merge. */
const fewestLogs = 16

/** Bytes merged at once, at most; they are held in memory. */
const mostBytes = 128 << 20

/** The logs a merged one was made of; none for a log of another kind. */
export const originsOf = (bytes: LogBytes): ReadonlyArray<string> => {
  const header = bytes.locate(0, headerBytes, true)
  if (header < 0 || !isHeader(bytes.located, header) || kindOf(bytes.located, header) !== Kind.origin) return []
  const size = frameSize(bytes.located, header)
  const at = bytes.locate(0, size, true)
  if (at < 0 || !isPayloadIntact(bytes.located, at)) return []
  return JSON.parse(Buffer.from(bytes.located.subarray(at + headerBytes, at + size)).toString("utf8"))
}

/** Which frames of some logs still matter, once all of them were shown in order. */
class Standing {
  readonly #blobs = new KeyIndex()
  readonly #others = new KeyIndex()

  show(kind: Kind, keys: Uint8Array, key: number, log: number, offset: number, size: number): void {
    if (kind === Kind.origin) return
    const index = kind === Kind.blob ? this.#blobs : this.#others
    const entry = index.add(keys, key)
    if (kind === Kind.failure) return
    const replaces = kind === Kind.replacement || kind === Kind.actionReplacement || kind === Kind.blob
    if (replaces || !index.isPlaced(entry)) index.place(entry, kind, log, offset, size)
  }

  /** Failed attempts matter while their row has no result, other frames when they are the one that stands. */
  keeps(kind: Kind, keys: Uint8Array, key: number, log: number, offset: number): boolean {
    if (kind === Kind.origin) return false
    const index = kind === Kind.blob ? this.#blobs : this.#others
    const entry = index.find(keys, key)
    if (kind === Kind.failure) return entry < 0
    return index.log(entry) === log && index.offset(entry) === offset
  }
}

interface Small {
  readonly name: string
  readonly bytes: LogBytes
  damaged: boolean
}

export interface CompactOptions {
  readonly folder: string
  readonly quarantine: string
  readonly self: HolderFile
  readonly watch: Watch
  /** Whether nobody will write a log any more. */
  readonly isFinished: (name: string) => boolean
}

/** The longest run of neighbouring logs that can be merged, in order. */
const longestRun = ({ folder, isFinished }: CompactOptions, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  let longest: ReadonlyArray<string> = []
  let run: Array<string> = []
  let total = 0
  for (const name of names) {
    const { size } = fs.statSync(path.join(folder, name))
    if (size > smallLogBytes || total + size > mostBytes || !isFinished(name)) {
      run = []
      total = 0
      if (size > smallLogBytes || !isFinished(name)) continue
    }
    run.push(name)
    total += size
    if (run.length > longest.length) longest = run
  }
  return longest
}

const scanAll = (logs: ReadonlyArray<Small>, visit: (log: number, ...frame: Parameters<Visit>) => void): void => {
  for (const [ordinal, log] of logs.entries()) {
    scan(log.bytes, 0, {
      frame: (...frame) => visit(ordinal, ...frame),
      damagedFrame: () => void (log.damaged = true),
      damagedBytes: () => void (log.damaged = true)
    })
  }
}

/** The frames of `logs` that matter, behind one that names the logs. */
const mergedBytes = (logs: ReadonlyArray<Small>): Uint8Array => {
  const standing = new Standing()
  scanAll(logs, (log, kind, keys, key, offset, size) => standing.show(kind, keys, key, log, offset, size))
  const names = Buffer.from(JSON.stringify(logs.map(({ name }) => name)))
  const frames: Array<Uint8Array> = [encodeFrame(Kind.origin, "00".repeat(keyBytes), names)]
  scanAll(logs, (log, kind, keys, key, offset, size) => {
    if (standing.keeps(kind, keys, key, log, offset)) frames.push(keys.slice(key - keyAt, key - keyAt + size))
  })
  return Buffer.concat(frames)
}

const publishMerged = ({ folder }: CompactOptions, name: string, merged: Uint8Array): void => {
  const temporary = path.join(folder, `${randomBytes(8).toString("hex")}.merging`)
  const fd = fs.openSync(temporary, "wx", 0o600)
  try {
    publish.writeAll(fd, merged)
    fs.fdatasyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
  fs.renameSync(temporary, path.join(folder, name))
  publish.syncFolder(folder)
}

/** Removes what was merged; bytes that were damaged are kept for those who look into it. */
const removeMerged = ({ folder, quarantine }: CompactOptions, logs: ReadonlyArray<Small>): void => {
  for (const { damaged, name } of logs) {
    const file = path.join(folder, name)
    if (damaged) fs.renameSync(file, path.join(quarantine, `log-${name}`))
    else fs.rmSync(file, { force: true })
    fs.rmSync(`${file}.idx`, { force: true })
  }
}

/** Opens logs while `use` runs. */
const withLogs = (folder: string, names: ReadonlyArray<string>, use: (logs: ReadonlyArray<Small>) => void): void => {
  const budget = new MemoryBudget(2 * mostBytes)
  const fds: Array<number> = []
  try {
    use(names.map((name) => {
      const fd = fs.openSync(path.join(folder, name), "r")
      fds.push(fd)
      return { name, bytes: new LogBytes(budget, fd, fs.fstatSync(fd).size), damaged: false }
    }))
  } finally {
    for (const fd of fds) fs.closeSync(fd)
  }
}

/** Removes what a merge that was killed left behind. Returns the logs that stay, in order. */
const finishKilled = (options: CompactOptions): ReadonlyArray<string> => {
  const { folder } = options
  const files = fs.readdirSync(folder).sort()
  for (const name of files) if (name.endsWith(".merging")) fs.rmSync(path.join(folder, name), { force: true })
  const names = files.filter((name) => name.endsWith(".log"))
  const merged = new Set<string>()
  withLogs(folder, names.filter(isMerged), (logs) => {
    for (const { bytes } of logs) for (const origin of originsOf(bytes)) merged.add(origin)
  })
  const left = names.filter((name) => merged.has(name))
  if (left.length > 0) {
    publish.syncFolder(folder)
    withLogs(folder, left, (logs) => {
      scanAll(logs, () => undefined)
      removeMerged(options, logs)
    })
  }
  return names.filter((name) => !merged.has(name))
}

/**
 * Merges the longest run of small logs, if nobody else is at it and the run is worth it. Throws what the file system
 * says; whatever was merged by then is whole.
 */
export const compact = (options: CompactOptions): void => {
  const { folder, self, watch } = options
  ifUnlocked(folder, self, watch, () => {
    const run = longestRun(options, finishKilled(options))
    if (run.length < fewestLogs) return
    withLogs(folder, run, (logs) => {
      publishMerged(options, mergedName(run.at(-1)!), mergedBytes(logs))
      removeMerged(options, logs)
    })
  })
}
