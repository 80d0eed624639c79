/**
 * What lies in a cache beside its journal, with sizes and times: a picture of one instant. What of it is needed is
 * worked out by `Mark.ts`.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Digest } from "../Digest.ts"
import { originsOf } from "../log/compact.ts"
import { LogBytes, MemoryBudget } from "../log/LogBytes.ts"
import { isMerged } from "../log/logName.ts"
import { logsIn } from "./JournalContents.ts"
import { listed } from "./listed.ts"
import { processOf, writerOf } from "./Living.ts"
import { unlessGone } from "./unlessGone.ts"

/** A file or folder of the cache. */
export interface Item {
  /** Below the folder of the layout. */
  readonly relative: string
  readonly bytes: number
  /** When it was last written. **Unit**: milliseconds since 1970. */
  readonly atMs: number
}

/** The folder of one row function. */
export interface RowLogItem extends Item {
  /** Processes that wrote its logs. */
  readonly writers: ReadonlySet<string>
}

/** The files of one run. */
export interface RunItem extends Item {
  readonly files: ReadonlyArray<string>
}

const digestName = /^[0-9a-f]{64}$/

/** All that lies below a place; links to files of elsewhere, as folders show blobs, cost nothing. */
const itemOf = (base: string, relative: string): Item | undefined => {
  const stat = fs.lstatSync(path.join(base, relative), { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  if (!stat.isDirectory()) return { relative, bytes: stat.nlink > 1 ? 0 : stat.size, atMs: stat.mtimeMs }
  let bytes = 0
  let atMs = stat.mtimeMs
  for (const name of listed(path.join(base, relative))) {
    const inner = itemOf(base, path.join(relative, name))
    bytes += inner?.bytes ?? 0
    atMs = Math.max(atMs, inner?.atMs ?? 0)
  }
  return { relative, bytes, atMs }
}

/** What lies directly below a folder of the cache. */
const itemsIn = (base: string, folder: string): ReadonlyArray<Item> =>
  listed(path.join(base, folder)).flatMap((name) => itemOf(base, path.join(folder, name)) ?? [])

/** The logs that a merged one was made of. */
const originsIn = (file: string): ReadonlyArray<string> => {
  const fd = fs.openSync(file, "r")
  try {
    return originsOf(new LogBytes(new MemoryBudget(0), fd, fs.fstatSync(fd).size))
  } finally {
    fs.closeSync(fd)
  }
}

/** The processes that wrote the logs of a folder, also those that are merged by now. */
export const writersIn = (folder: string): ReadonlySet<string> => {
  const writers = new Set<string>()
  for (const log of logsIn(folder)) {
    for (const each of isMerged(log) ? unlessGone(() => originsIn(path.join(folder, log))) ?? [] : [log]) {
      const writer = writerOf(each)
      if (writer !== undefined) writers.add(processOf(writer))
    }
  }
  return writers
}

export class Inventory {
  readonly blobs = new Map<Digest, Item>()
  readonly rowLogs = new Map<Digest, RowLogItem>()
  /** By content. */
  readonly folders = new Map<Digest, Item>()
  /** Unfinished work, by key. */
  readonly work: ReadonlyArray<Item>
  readonly quarantine: ReadonlyArray<Item>
  /** What is on its way into place, or was when its process was killed. */
  readonly unfinished: ReadonlyArray<Item>
  /** By name; a run has a record and an event log. */
  readonly runs = new Map<string, RunItem>()

  /** `base` is the folder of the layout. **Fails**: throws what the file system says. */
  constructor(base: string) {
    for (const two of listed(path.join(base, "blobs"))) {
      for (const rest of listed(path.join(base, "blobs", two))) {
        if (!digestName.test(two + rest)) continue
        const relative = path.join("blobs", two, rest)
        const stat = fs.lstatSync(path.join(base, relative), { throwIfNoEntry: false })
        if (stat !== undefined) this.blobs.set(two + rest, { relative, bytes: stat.size, atMs: stat.mtimeMs })
      }
    }
    for (const name of listed(path.join(base, "memo"))) {
      const relative = path.join("memo", name)
      const item = itemOf(base, relative)
      if (item === undefined || !digestName.test(name)) continue
      const logs = logsIn(path.join(base, relative)).map((log) =>
        fs.lstatSync(path.join(base, relative, log), { throwIfNoEntry: false })?.mtimeMs ?? 0
      )
      const atMs = logs.length === 0 ? item.atMs : Math.max(...logs)
      this.rowLogs.set(name, { ...item, atMs, writers: writersIn(path.join(base, relative)) })
    }
    for (const item of itemsIn(base, "folders")) this.folders.set(path.basename(item.relative), item)
    this.work = itemsIn(base, "work")
    this.quarantine = itemsIn(base, "quarantine")
    this.unfinished = itemsIn(base, "tmp")
    for (const { atMs, bytes, relative } of itemsIn(base, "runs")) {
      const name = path.basename(relative).replace(/\.(?:json|ndjson)$/, "")
      const known = this.runs.get(name) ?? { relative: path.join("runs", name), bytes: 0, atMs: 0, files: [] }
      this.runs.set(name, {
        relative: known.relative,
        bytes: known.bytes + bytes,
        atMs: Math.max(known.atMs, atMs),
        files: [...known.files, relative]
      })
    }
  }
}
