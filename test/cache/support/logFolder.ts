/**
 * A folder of logs as a test sees it: what its frames say, by key, and logs written by hand as those of writers that are
 * gone. Left to the tests: what is in a log.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { digestBytes } from "../../../cache/Digest.ts"
import { endHolder, type Holder, holderText, makeHolder } from "../../../cache/Holder.ts"
import { encodeFrame, headerBytes, keyBytes, Kind } from "../../../cache/log/Frame.ts"
import { MemoryBudget } from "../../../cache/log/LogBytes.ts"
import { LogFolder } from "../../../cache/log/LogFolder.ts"

export const keyOf = (row: number) => Buffer.from(digestBytes(`row ${row}`), "hex")

/** A frame of a numbered row. */
export const frameOf = (row: number, payload: string, kind: Kind = Kind.result) =>
  encodeFrame(kind, keyOf(row).toString("hex"), Buffer.from(payload))

/** A temporary cache with the folders that logs need. */
export class Place {
  readonly base = mkdtempSync(join(tmpdir(), "sinternal-logs-"))
  readonly folder = join(this.base, "logs")
  readonly quarantine = join(this.base, "quarantine")

  constructor() {
    for (const name of ["logs", "quarantine", "tmp"]) mkdirSync(join(this.base, name))
  }

  /** Names of the logs, or of other files. */
  names(end = ".log"): ReadonlyArray<string> {
    return readdirSync(this.folder).filter((name) => name.endsWith(end)).sort()
  }

  /** Puts the log of a writer that is gone in place. Returns its name, which sorts by `order`. */
  write(order: number, ...frames: ReadonlyArray<Uint8Array>): string {
    return this.writeAs({}, order, ...frames)
  }

  /** {@link write}, for a writer that differs from one of this process. */
  writeAs(writer: Partial<Holder>, order: number, ...frames: ReadonlyArray<Uint8Array>): string {
    const holder = { ...makeHolder(), ...writer }
    endHolder(holder)
    const name = `${String(order).padStart(10, "0")}-${holderText(holder)}.log`
    writeFileSync(join(this.folder, name), Buffer.concat(frames))
    return name
  }

  open(budget = 1 << 28): Reading {
    return new Reading(this, budget)
  }

  remove(): void {
    rmSync(this.base, { recursive: true, force: true })
  }
}

interface Shown {
  readonly kind: Kind
  readonly log: number
  readonly offset: number
  readonly size: number
}

/** Everything one reader of a folder was shown. */
export class Reading {
  readonly logs: LogFolder
  /** By row key, in the order they were shown. */
  readonly #shown = new Map<string, Array<Shown>>()

  constructor(place: Place, budget: number) {
    const { folder, quarantine } = place
    const options = { folder, quarantine, tmp: join(place.base, "tmp"), budget: new MemoryBudget(budget), groupMs: 0 }
    this.logs = new LogFolder(options, {
      frame: (kind, keys, key, log, offset, size) =>
        this.#show(Buffer.from(keys.subarray(key, key + keyBytes)), { kind, log, offset, size }),
      damaged: () => undefined,
      expect: () => undefined,
      lost: (log, offset) => {
        for (const [key, shown] of this.#shown) {
          this.#shown.set(key, shown.filter((frame) => frame.log !== log || frame.offset < offset))
        }
      }
    })
    this.logs.refresh()
  }

  #show(key: Buffer, shown: Shown): void {
    const name = key.toString("hex")
    this.#shown.set(name, [...this.#shown.get(name) ?? [], shown])
  }

  append(row: number, payload: string, kind: Kind = Kind.result): Promise<void> {
    const key = keyOf(row)
    const offset = this.logs.append(kind, key, 0, Buffer.from(payload))
    this.#show(key, { kind, log: this.logs.ownLog, offset, size: headerBytes + Buffer.byteLength(payload) })
    return this.logs.committed
  }

  /** Rows that frames were shown for. */
  get size(): number {
    return this.#shown.size
  }

  /** Payloads shown for a row, in the order they were shown; `undefined` for one that does not pass its check. */
  of(row: number): ReadonlyArray<string | undefined> {
    const key = keyOf(row)
    return (this.#shown.get(key.toString("hex")) ?? []).map(({ log, offset, size }) => {
      const found = this.logs.payload(log, offset, size, key, 0)
      return found === undefined ? undefined : Buffer.from(found).toString()
    })
  }
}
