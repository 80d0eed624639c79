/**
 * gc: puts what nothing needs into the trash, and deletes what has lain there long enough. It may run beside any number
 * of runs: what they write is left alone, and what they read is put aside where they find it. Which parts are needed is
 * worked out by `Mark.ts`.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { endHolder, makeHolder, parseHolder, Watch } from "../Holder.ts"
import { HolderFile } from "../HolderFile.ts"
import { ifUnlocked } from "../log/lock.ts"
import type { RunRecord } from "../Manifest.ts"
import { Runs } from "../Runs.ts"
import { StoreRefused } from "../StoreFailed.ts"
import { Inventory, type Item, type RunItem } from "./Inventory.ts"
import { JournalContents } from "./JournalContents.ts"
import type { Knowledge } from "./Knowledge.ts"
import { Living } from "./Living.ts"
import { type Kept, Mark } from "./Mark.ts"
import { type Pin, Pins } from "./Pins.ts"
import { restore } from "./restore.ts"
import { deadSmallBlobs, withoutDead } from "./smallBlobs.ts"
import { type Batch, Trash } from "./Trash.ts"

/**
 * What was put aside stays at least this long, and as long as anybody works who was there within that time: longer than
 * the longest time for which a living process says nothing.
 */
export const graceMs = 3600 * 1000

/** Unfinished files that were not touched for this long were left by somebody who is gone. */
const abandonedMs = 24 * 3600 * 1000

export interface CollectOptions {
  /** The folder of the layout. */
  readonly base: string
  readonly knowledge: Knowledge
  readonly nowMs: number
  /** What is younger is kept. */
  readonly keepMs: number
  /** What is kept for its age alone must fit into this, the newest first. */
  readonly sizeBytes?: number | undefined
  /** Change nothing. */
  readonly dryRun: boolean
  /** Delete at once what can be, without the time of grace. */
  readonly deleteNow: boolean
}

interface Sum {
  readonly count: number
  readonly bytes: number
}

export interface CollectedKind {
  readonly kind: string
  readonly goes: Sum
  readonly stays: Sum
}

export interface Collected {
  readonly kinds: ReadonlyArray<CollectedKind>
  /** The oldest run that is kept, and why. */
  readonly oldest: Kept | undefined
  /** Bytes of results and row logs that are kept. */
  readonly keptBytes: number
  /** Things that came back out of the trash, since something needs them. */
  readonly restored: number
  readonly deletedBytes: number
  /** What lies in the trash now, and when it may be deleted; `undefined` while somebody works who may need it. */
  readonly trash: { readonly bytes: number; readonly untilMs: number | undefined }
  /** Processes at work on the cache. */
  readonly working: number
  /** Kept results without an action: rows of any function stay. */
  readonly actionsLost: number
  readonly dangling: ReadonlyArray<Pin>
}

const sum = (items: Iterable<{ readonly bytes: number }>): Sum => {
  let [count, bytes] = [0, 0]
  for (const item of items) {
    count++
    bytes += item.bytes
  }
  return { count, bytes }
}

/** Refuses a cache of which nobody can say what its runs need. */
const readRecords = (base: string): ReadonlyArray<RunRecord> => {
  const runs = new Runs(base)
  const records = runs.list()
  const known = new Set(records.map(({ run }) => run))
  for (const name of runs.names()) {
    if (known.has(name) || runs.get(name) !== undefined) continue
    const file = path.join(base, "runs", `${name}.json`)
    if (!fs.existsSync(file)) continue
    throw new StoreRefused({
      path: file,
      found: "the record of this run is damaged, so what it needs is not known",
      next: "`pipeline verify --quarantine` puts it aside; then call gc again"
    })
  }
  return records
}

/** One gc, from looking to deleting. */
class Collection {
  readonly #options: CollectOptions
  readonly #trash: Trash
  readonly #inventory: Inventory
  #living: Living
  readonly #journal: JournalContents
  readonly #mark: Mark
  readonly #self: HolderFile
  readonly #watch = new Watch()
  readonly #kinds: Array<CollectedKind> = []
  #batch: Batch | undefined

  /** The order matters: a run that is not seen at work has ended, so what it recorded is seen below. */
  constructor(options: CollectOptions, self: HolderFile) {
    const { base, keepMs, knowledge, nowMs, sizeBytes } = options
    this.#options = options
    this.#self = self
    this.#trash = new Trash(base)
    this.#inventory = new Inventory(base)
    const before = readRecords(base)
    this.#living = Living.of(base, before, knowledge, nowMs)
    const records = readRecords(base)
    this.#journal = new JournalContents(base, knowledge)
    this.#mark = new Mark({
      records,
      pins: new Pins(base).list(),
      journal: this.#journal,
      inventory: this.#inventory,
      living: this.#living,
      knowledge,
      since: nowMs - keepMs,
      sizeBytes
    })
  }

  async run(): Promise<Collected> {
    const { base, dryRun } = this.#options
    const restored = dryRun ? 0 : await restore(base, this.#trash, this.#mark, {
      inventory: this.#inventory,
      journal: this.#journal
    })
    this.#sweep()
    const deletedBytes = dryRun ? 0 : this.#empty()
    const { actionsLost, bytes, dangling, kept, runs } = this.#mark
    const oldest = kept.filter(({ what }) => runs.has(what)).sort((a, b) => a.atMs - b.atMs)[0]
    return {
      kinds: this.#kinds,
      oldest,
      keptBytes: bytes,
      restored,
      deletedBytes,
      trash: this.#trashNow(),
      working: this.#living.count,
      actionsLost,
      dangling
    }
  }

  /** Run records first: what is listed has its results for as long as possible. */
  #sweep(): void {
    const { blobs, folders, rowFunctions, runs } = this.#mark
    const { nowMs, keepMs } = this.#options
    const since = nowMs - keepMs
    const inventory = this.#inventory
    const idle = this.#living.count === 0
    const goneRuns = new Set<Item>()
    for (const [run, item] of inventory.runs) if (!runs.has(run) && !this.#living.runs.has(run)) goneRuns.add(item)
    this.#take("runs", [...inventory.runs.values()], (item) => goneRuns.has(item), (item) => this.#putRun(item))
    const goneBlobs = new Set<Item>()
    for (const [blob, item] of inventory.blobs) {
      // what was written since the longest at work is there may be about to be named
      if (!blobs.has(blob) && item.atMs < this.#living.sinceMs) goneBlobs.add(item)
    }
    this.#take("results", [...inventory.blobs.values()], (item) => goneBlobs.has(item))
    this.#takeSmall()
    const goneRows = new Set<Item>()
    for (const [rowFunction, item] of inventory.rowLogs) if (!rowFunctions.has(rowFunction)) goneRows.add(item)
    this.#take("row logs", [...inventory.rowLogs.values()], (item) => goneRows.has(item), (item) => this.#putRows(item))
    // paths into these two are in use by whoever asked for them, without a sign of it
    this.#take(
      "folders",
      [...inventory.folders.values()],
      ({ relative }) => idle && !folders.has(path.basename(relative))
    )
    this.#take("unfinished work", inventory.work, ({ atMs }) => idle && atMs < since)
    this.#take("quarantine", inventory.quarantine, ({ atMs }) => atMs < since)
    this.#take("leftovers", inventory.unfinished.filter((item) => this.#isAbandoned(item)), () => true)
    if (!this.#options.dryRun) this.#freeClaims()
  }

  /** Puts aside what `goes`, and notes what went and what stayed. */
  #take<A extends Item>(
    kind: string,
    items: ReadonlyArray<A>,
    goes: (item: A) => boolean,
    put: (item: A) => boolean = (item) => this.#put(item.relative)
  ): void {
    const { dryRun } = this.#options
    const gone = new Set(items.filter((item) => goes(item) && (dryRun || put(item))))
    this.#kinds.push({ kind, goes: sum(gone), stays: sum(items.filter((item) => !gone.has(item))) })
  }

  #put(relative: string): boolean {
    this.#batch ??= this.#trash.begin(this.#options.nowMs)
    return this.#trash.put(this.#batch, relative)
  }

  #putRun({ files }: RunItem): boolean {
    return files.filter((file) => this.#put(file)).length > 0
  }

  /** A row log goes whole, under its lock, unless somebody has begun to work with it. */
  #putRows({ relative }: Item): boolean {
    const folder = path.join(this.#options.base, relative)
    let moved = false
    ifUnlocked(folder, this.#self, this.#watch, () => {
      const inUse = fs.readdirSync(folder).some((name) => {
        if (name.endsWith(".log")) return !this.#living.isFinished(folder, name)
        const holder = parseHolder(name.replace(/\.claims$/, ""))
        return holder !== undefined && this.#living.isAlive(holder, path.join(folder, name))
      })
      moved = !inUse && this.#put(relative)
    })
    if (moved) fs.rmSync(this.#trash.pathOf(this.#batch!, path.join(relative, "lock")), { force: true })
    return moved
  }

  /**
   * Small blobs lie in the journal, whose logs are written anew without those that nothing needs. Not while somebody is
   * at work: what he has read there he could name, and others would not find it.
   */
  #takeSmall(): void {
    const { base, dryRun } = this.#options
    const finished = (log: string) =>
      this.#living.count === 0 && this.#living.isFinished(path.join(base, "journal"), log)
    let goes: Sum = { count: 0, bytes: 0 }
    for (const dead of deadSmallBlobs(base, finished, this.#mark.blobs)) {
      if (!dryRun && !this.#rewrite(dead.log)) continue
      goes = { count: goes.count + dead.count, bytes: goes.bytes + dead.bytes }
    }
    const held = sum(Array.from(this.#journal.blobs.values(), (bytes) => ({ bytes })))
    const stays = { count: Math.max(0, held.count - goes.count), bytes: Math.max(0, held.bytes - goes.bytes) }
    this.#kinds.push({ kind: "small results", goes, stays })
  }

  #rewrite(log: string): boolean {
    const folder = path.join(this.#options.base, "journal")
    let done = false
    ifUnlocked(folder, this.#self, this.#watch, () => {
      done = fs.existsSync(path.join(folder, log)) && withoutDead(folder, log, this.#mark.blobs)
      if (done) this.#put(path.join("journal", log))
    })
    return done
  }

  #isAbandoned({ atMs, relative }: Item): boolean {
    const holder = parseHolder(path.basename(relative, ".holder"))
    if (holder !== undefined) return !this.#living.isAlive(holder, path.join(this.#options.base, relative))
    return atMs < this.#options.nowMs - abandonedMs
  }

  /** Claims of those who are gone. */
  #freeClaims(): void {
    const folder = path.join(this.#options.base, "claims")
    for (const name of fs.readdirSync(folder)) {
      const place = path.join(folder, name)
      if (this.#self.take(place, this.#watch)) this.#self.release(place)
    }
  }

  #isOver({ atMs }: Batch): boolean {
    const { deleteNow, nowMs } = this.#options
    return (deleteNow || atMs + graceMs <= nowMs) && this.#living.sinceMs > atMs + graceMs
  }

  /** Whoever came while this gc was looking may have learnt of what it put aside. */
  #empty(): number {
    const { base, knowledge, nowMs } = this.#options
    this.#living = Living.of(base, readRecords(base), knowledge, nowMs)
    return this.#trash.batches().filter((batch) => this.#isOver(batch))
      .reduce((bytes, batch) => bytes + this.#trash.remove(batch), 0)
  }

  #trashNow(): Collected["trash"] {
    const batches = this.#trash.batches()
    const bytes = batches.reduce((all, batch) => all + this.#trash.bytesOf(batch), 0)
    const latestMs = Math.max(0, ...batches.map(({ atMs }) => atMs))
    return { bytes, untilMs: this.#living.sinceMs > latestMs + graceMs ? latestMs + graceMs : undefined }
  }
}

/**
 * Collects. **Fails**: rejects with `StoreRefused` where another gc is at it, or where a damaged record or pin hides what
 * is needed; with what the file system says.
 */
export const collect = async (options: CollectOptions): Promise<Collected> => {
  const holder = makeHolder()
  const self = new HolderFile(path.join(options.base, "tmp"), holder)
  const lock = path.join(options.base, "trash", "lock")
  try {
    if (!options.dryRun && !self.take(lock, new Watch())) {
      throw new StoreRefused({ path: lock, found: "another gc is at work", next: "call again once it has ended" })
    }
    return await new Collection(options, self).run()
  } finally {
    if (!options.dryRun) self.release(lock)
    self.close()
    endHolder(holder)
  }
}
