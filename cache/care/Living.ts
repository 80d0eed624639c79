/**
 * Who works on a cache now, and since when: processes that hold claims, books or logs, and runs that have not ended.
 * What a living process may need is not touched, or is only put aside where it finds it again.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { endHolder, type Holder, isHere, makeHolder, parseHolder, Watch } from "../Holder.ts"
import { isFinished, isMerged } from "../log/logName.ts"
import type { RunRecord } from "../Manifest.ts"
import type { Knowledge } from "./Knowledge.ts"
import { listed } from "./listed.ts"
import { unlessGone } from "./unlessGone.ts"

/** What is on another machine and was not touched for this long is gone: who lives touches it every few seconds. */
const silentMs = 24 * 3600 * 1000

/** The process of a holder, whatever it holds. */
export const processOf = ({ machine, pid, started }: Holder): string => `${machine}.${pid}.${started}`

/** The writer of a log, by the log's name; none for a merged one. */
export const writerOf = (log: string): Holder | undefined =>
  isMerged(log) ? undefined : parseHolder(log.slice(log.indexOf("-") + 1, -".log".length))

/** When a log was begun, by its name. **Unit**: milliseconds since 1970. */
const begunMs = (log: string): number => Number.parseInt(log.slice(0, log.indexOf("-")), 36)

/** When a file was made; the distant past where that is not known. */
const birthMs = (file: string): number => fs.lstatSync(file, { throwIfNoEntry: false })?.birthtimeMs ?? 0

const mtimeMs = (file: string): number => fs.lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

export class Living {
  readonly #watch = new Watch()
  readonly #nowMs: number
  readonly #own: string
  /** By process: when it is known to have been there first. */
  readonly #sinceMs = new Map<string, number>()
  /** Names of the runs that go on. */
  readonly runs = new Set<string>()

  private constructor(nowMs: number) {
    this.#nowMs = nowMs
    const self = makeHolder()
    endHolder(self)
    this.#own = processOf(self)
  }

  /** Looks at everything that says who works here. This process does not count. */
  static of(base: string, records: ReadonlyArray<RunRecord>, knowledge: Knowledge, nowMs: number): Living {
    const living = new Living(nowMs)
    for (const name of listed(path.join(base, "claims"))) living.#addClaim(path.join(base, "claims", name))
    living.#addLogs(path.join(base, "journal"))
    for (const name of listed(path.join(base, "memo"))) living.#addLogs(path.join(base, "memo", name))
    for (const record of records) living.#addRun(base, record, knowledge)
    return living
  }

  /** Processes at work. */
  get count(): number {
    return this.#sinceMs.size
  }

  /** Since when the longest at work is there; `Infinity` when nobody is. **Unit**: milliseconds since 1970. */
  get sinceMs(): number {
    return Math.min(...this.#sinceMs.values())
  }

  /** Whether the holder of `file` lives. */
  isAlive(holder: Holder, file: string): boolean {
    return isHere(holder) ? this.#watch.lives(holder, file) : this.#nowMs - mtimeMs(file) < silentMs
  }

  /** Whether nobody writes a log any more. */
  isFinished(folder: string, log: string): boolean {
    return isFinished(folder, log, this.#watch)
  }

  #add(holder: Holder, sinceMs: number): void {
    const name = processOf(holder)
    if (name === this.#own) return
    this.#sinceMs.set(name, Math.min(sinceMs, this.#sinceMs.get(name) ?? Infinity))
  }

  #addClaim(file: string): void {
    const holder = parseHolder(unlessGone(() => fs.readFileSync(file, "utf8")) ?? "")
    // the name of a claim links to a file that its process made with its first claim
    if (holder !== undefined && this.isAlive(holder, file)) this.#add(holder, birthMs(file))
  }

  #addLogs(folder: string): void {
    for (const name of listed(folder)) {
      const isLog = name.endsWith(".log")
      const holder = isLog ? writerOf(name) : parseHolder(name.replace(/\.claims$/, ""))
      const file = path.join(folder, name)
      if (holder === undefined || !this.isAlive(holder, file)) continue
      this.#add(holder, isLog ? begunMs(name) : birthMs(file))
    }
  }

  #addRun(base: string, record: RunRecord, { holderOf, stateOf }: Knowledge): void {
    const state = stateOf(record)
    if (state === "ended") return
    const holder = parseHolder(holderOf(record) ?? "")
    if (state === "unknown") {
      const files = [".json", ".ndjson"].map((end) => path.join(base, "runs", `${record.run}${end}`))
      const seen = holder !== undefined && this.#sinceMs.has(processOf(holder))
      if (!seen && this.#nowMs - Math.max(...files.map(mtimeMs)) >= silentMs) return
    }
    this.runs.add(record.run)
    if (holder !== undefined) this.#add(holder, Date.parse(record.startedAt))
  }
}
