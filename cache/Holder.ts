/**
 * Who holds a claim, a lock or a log: a process on a machine, and a token of its own for each thing of that process that
 * may hold one. Anybody can tell from the text whether the holder lives; what it holds is the business of others.
 */
import { hash, randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as os from "node:os"

export interface Holder {
  /** Process ids mean something within one of these only. */
  readonly machine: string
  readonly pid: number
  /** Ids are used again: the time a process started tells it from an earlier one; empty where the system does not say. */
  readonly started: string
  readonly token: string
}

/** How often holders show that they live to those who cannot look at their process. */
const heartbeatMs = 10_000

/** A holder that is known by its heartbeat only and missed it for this long, watched all the while, is gone. */
const silenceMs = 60_000

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
const machineOf = (): string =>
  hash(
    "sha256",
    [os.hostname(), readText("/proc/sys/kernel/random/boot_id").trim(), readLink("/proc/self/ns/pid")].join(" "),
    "hex"
  ).slice(0, 16)

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

let found: Omit<Holder, "token"> | undefined

const thisProcess = (): Omit<Holder, "token"> =>
  found ??= { machine: machineOf(), pid: process.pid, started: startOf(process.pid) }

/** Tokens of this process that are in use, over all caches it has open. */
const tokensHere = new Set<string>()

/** A holder of this process, until {@link endHolder}. */
export const makeHolder = (): Holder => {
  const token = randomBytes(8).toString("hex")
  tokensHere.add(token)
  return { ...thisProcess(), token }
}

/** What the holder held is free. */
export const endHolder = (holder: Holder): void => {
  tokensHere.delete(holder.token)
}

/** A holder as text: letters, digits, dots. */
export const holderText = ({ machine, pid, started, token }: Holder): string => `${machine}.${pid}.${started}.${token}`

/** The holder that a text names. */
export const parseHolder = (text: string): Holder | undefined => {
  const parts = /^([0-9a-z]+)\.([0-9]+)\.([0-9]*)\.([0-9a-z]+)$/.exec(text)
  if (parts === null) return undefined
  const [, machine, pid, started, token] = parts
  return { machine: machine!, pid: Number(pid), started: started!, token: token! }
}

/** Whether a holder's process can be looked at from here. */
export const isHere = (holder: Holder): boolean => holder.machine === thisProcess().machine

/** Looks after the holders it is asked about. */
export class Watch {
  /** By token: when a heartbeat last changed, on this machine's clock. */
  readonly #watched = new Map<string, { readonly beat: number; readonly sinceMs: number }>()
  /** Holders seen gone stay gone. */
  readonly #gone = new Set<string>()
  readonly #now: () => number

  /** `now` in milliseconds of any clock that only goes forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Whether a holder lives. `file`'s time is its heartbeat, for those whose process cannot be looked at. */
  lives(holder: Holder, file: string): boolean {
    if (this.#gone.has(holder.token)) return false
    const lives = this.#looksAlive(holder, file)
    if (!lives) this.#gone.add(holder.token)
    return lives
  }

  #looksAlive({ machine, pid, started, token }: Holder, file: string): boolean {
    const own = thisProcess()
    if (machine === own.machine) {
      if (pid === own.pid && started === own.started) return tokensHere.has(token)
      if (!exists(pid)) return false
      if (started !== "") return startOf(pid) === started
    }
    const beat = fs.lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
    const known = this.#watched.get(token)
    // Clocks of machines differ, so silence is measured while watching, not read off the file's time.
    if (known?.beat === beat) return this.#now() - known.sinceMs < silenceMs
    this.#watched.set(token, { beat, sinceMs: this.#now() })
    return true
  }
}

const beating = new Set<string>()
let heart: NodeJS.Timeout | undefined

const beat = (): void => {
  const now = new Date()
  for (const file of beating) {
    try {
      fs.lutimesSync(file, now, now)
    } catch {
      // A beat that is missed is no reason to stop working; what is held may be lost, results are safe.
    }
  }
}

/** Shows from now on, by the time of `file`, that its holder lives. */
export const startHeartbeat = (file: string): void => {
  beating.add(file)
  heart ??= setInterval(beat, heartbeatMs).unref()
}

export const stopHeartbeat = (file: string): void => {
  beating.delete(file)
  if (beating.size > 0) return
  clearInterval(heart)
  heart = undefined
}
