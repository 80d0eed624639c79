/**
 * What verifying a cache finds: the list of damage, what was done about each, and how far it is.
 */
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"

export type DamageKind = "blob" | "journal" | "row log" | "index" | "run record" | "event log" | "folder" | "pin"

export interface Damage {
  readonly kind: DamageKind
  /** Below the folder of the layout; with the first byte where only a part is damaged. */
  readonly place: string
  readonly found: string
  /** Nodes, rows and runs in words, as far as that is known. */
  readonly belongsTo: ReadonlyArray<string>
  /** What was done about it. */
  readonly done: "nothing" | "quarantined" | "removed" | "in use"
}

export interface FindingsOptions {
  /** The folder of the layout. */
  readonly base: string
  /** Put what is damaged out of the way. */
  readonly quarantine: boolean
  /** Told how far it is. **Unit**: bytes. */
  readonly onProgress: (done: number, total: number) => void
}

/** Grows while a cache is verified. */
export class Findings {
  readonly #options: FindingsOptions
  readonly damage: Array<Damage> = []
  files = 0
  bytes = 0
  /** Bytes to check in all, as far as that is known. */
  total = 0

  constructor(options: FindingsOptions) {
    this.#options = options
  }

  get quarantine(): boolean {
    return this.#options.quarantine
  }

  /** A place of the cache. */
  at(...parts: ReadonlyArray<string>): string {
    return path.join(this.#options.base, ...parts)
  }

  /** A file was read. */
  checked(bytes: number): void {
    this.files++
    this.bytes += bytes
    this.#options.onProgress(this.bytes, Math.max(this.total, this.bytes))
  }

  add(damage: Damage): void {
    this.damage.push(damage)
  }

  /** Moves a file or folder to `quarantine/`, where that is wanted. */
  putAside(relative: string, name: string): Damage["done"] {
    if (!this.quarantine) return "nothing"
    fs.renameSync(this.at(relative), this.at("quarantine", `${name}-${randomBytes(4).toString("hex")}`))
    return "quarantined"
  }
}
