/**
 * Claims on work, so that of the runs that share a cache one does a piece and the others wait for it. A claim is a file
 * that says who holds it; it falls free with its holder, however that one ends. Claims spare double work and keep two
 * writers out of one work folder; published results are safe without them. What is claimed is decided above.
 */
import { randomUUID } from "node:crypto"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { type Digest, requireDigest } from "./Digest.ts"
import * as publish from "./publish.ts"

/** Who holds a claim. `token` is the claim's own. */
interface Holder {
  readonly token: string
  /** Process ids mean something within one of these only. */
  readonly machine: string
  readonly pid: number
  /** Ids are used again: the time a process started tells it from an earlier one; empty where the system does not say. */
  readonly started: string
}

/** How often holders show that they live to those who cannot look at their process. */
const heartbeatMs = 10_000

/** A holder that is known by its heartbeat only and missed it for this long, watched all the while, is gone. */
const silenceMs = 60_000

/** Tokens this process holds, over all caches it has open. */
const heldHere = new Set<string>()

const readText = (file: string): string => {
  try {
    return fs.readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

const readLink = (file: string): string => {
  try {
    return fs.readlinkSync(file)
  } catch {
    return ""
  }
}

/** This boot of this machine; two containers on it have process ids of their own. */
const thisMachine = (): string =>
  [os.hostname(), readText("/proc/sys/kernel/random/boot_id").trim(), readLink("/proc/self/ns/pid")].join(" ")

/** When a process started, in the system's own count; empty where it does not say. The name before it may hold spaces. */
const startOf = (pid: number): string => readText(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ")[19] ?? ""

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH"
  }
}

/** The claims below one `v1/` folder that this process holds or waits for. File work is synchronous and throws. */
export class Claims {
  readonly #folder: string
  readonly #tmp: string
  readonly #self = { machine: thisMachine(), pid: process.pid, started: startOf(process.pid) }
  /** Token by claimed key. */
  readonly #held = new Map<Digest, string>()
  /** By token: when a heartbeat last changed, on this machine's clock. */
  readonly #watched = new Map<string, { readonly beat: number; readonly sinceMs: number }>()
  #heart: NodeJS.Timeout | undefined

  readonly #now: () => number

  /** `now` in milliseconds of any clock that only goes forward. */
  constructor(base: string, now: () => number = () => performance.now()) {
    this.#folder = path.join(base, "claims")
    this.#tmp = path.join(base, "tmp")
    this.#now = now
  }

  #pathOf(key: Digest): string {
    return path.join(this.#folder, requireDigest(key))
  }

  /** Takes the claim unless somebody who lives holds it, this process included. Returns whether it was taken. */
  take(key: Digest): boolean {
    const file = this.#pathOf(key)
    const token = randomUUID()
    if (!publish.createFile(this.#tmp, file, JSON.stringify({ token, ...this.#self }))) {
      const holder = this.#read(file)
      if (holder !== undefined && this.#lives(file, holder)) return false
      this.#clear(file, holder?.token)
      // Others may have seen the same and be faster: whoever makes the file has it.
      if (!publish.createFile(this.#tmp, file, JSON.stringify({ token, ...this.#self }))) return false
    }
    this.#held.set(key, token)
    heldHere.add(token)
    this.#heart ??= setInterval(() => this.#beat(), heartbeatMs).unref()
    return true
  }

  release(key: Digest): void {
    const token = this.#held.get(key)
    if (token === undefined) return
    this.#held.delete(key)
    heldHere.delete(token)
    if (this.#held.size === 0) {
      clearInterval(this.#heart)
      this.#heart = undefined
    }
    // A process that slept for long may have lost it to another.
    if (this.#read(this.#pathOf(key))?.token === token) fs.rmSync(this.#pathOf(key), { force: true })
  }

  #read(file: string): Holder | undefined {
    try {
      return JSON.parse(fs.readFileSync(file, "utf8")) as Holder
    } catch {
      return undefined
    }
  }

  #lives(file: string, { machine, pid, started, token }: Holder): boolean {
    if (machine === this.#self.machine) {
      if (pid === this.#self.pid) return heldHere.has(token)
      if (!exists(pid)) return false
      if (started !== "") return startOf(pid) === started
    }
    const beat = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
    const known = this.#watched.get(token)
    // Clocks of machines differ, so silence is measured while watching, not read off the file's time.
    if (known?.beat === beat) return this.#now() - known.sinceMs < silenceMs
    this.#watched.set(token, { beat, sinceMs: this.#now() })
    return true
  }

  /** Removes the claim of a holder that is gone, and no other: it is moved aside in one step and looked at there. */
  #clear(file: string, token: string | undefined): void {
    const aside = publish.temporaryPath(this.#tmp)
    try {
      fs.renameSync(file, aside)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return
      throw error
    }
    const moved = this.#read(aside)
    if (moved !== undefined && moved.token !== token) publish.createFile(this.#tmp, file, JSON.stringify(moved))
    fs.rmSync(aside, { force: true })
  }

  #beat(): void {
    const now = new Date()
    for (const key of this.#held.keys()) {
      try {
        fs.utimesSync(this.#pathOf(key), now, now)
      } catch {
        // A beat that is missed is no reason to stop working; the claim may be lost, results are safe.
      }
    }
  }
}
