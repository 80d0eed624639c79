/**
 * Pins: names that people give to runs or to single results so that gc keeps them. One file a pin, one line of JSON and
 * the digest of that line. What a pin keeps is worked out by `Mark.ts`.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { canonicalJson, digestBytes } from "../Digest.ts"
import * as publish from "../publish.ts"
import { StoreRefused } from "../StoreFailed.ts"

export interface Pin {
  readonly name: string
  readonly run: string
  /** Label of the one node whose result is pinned; the whole run without it. */
  readonly node?: string
  /** ISO 8601, UTC. */
  readonly madeAt: string
}

const pinName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

export const encodePin = (pin: Pin): string => {
  const body = canonicalJson(pin)
  return `${body}\n${digestBytes(body)}\n`
}

/** **Fails**: throws when the text is not what {@link encodePin} wrote. */
export const decodePin = (text: string): Pin => {
  const end = text.indexOf("\n")
  const body = text.slice(0, end)
  if (end < 0 || text.slice(end + 1, -1) !== digestBytes(body)) throw new Error("its check line does not match")
  const pin = JSON.parse(body) as Pin
  if (![pin.name, pin.run, pin.madeAt].every((field) => typeof field === "string")) throw new Error("it is no pin")
  return pin
}

/** The pins of one cache. File work is synchronous and throws. */
export class Pins {
  readonly #folder: string
  readonly #tmp: string

  /** `base` is the folder of the layout. */
  constructor(base: string) {
    this.#folder = path.join(base, "pins")
    this.#tmp = path.join(base, "tmp")
  }

  /** **Fails**: throws `StoreRefused` for what is no name of a file everywhere. */
  pathOf(name: string): string {
    if (!pinName.test(name)) {
      throw new StoreRefused({
        path: name,
        found: "is no name for a pin",
        next: "use letters, digits, dots, dashes and underscores, at most 128"
      })
    }
    return path.join(this.#folder, name)
  }

  names(): ReadonlyArray<string> {
    return fs.existsSync(this.#folder) ? fs.readdirSync(this.#folder).filter((name) => pinName.test(name)).sort() : []
  }

  /** By name. **Fails**: throws `StoreRefused` for a damaged one, since nobody knows what it keeps. */
  list(): ReadonlyArray<Pin> {
    return this.names().flatMap((name) => this.get(name) ?? [])
  }

  get(name: string): Pin | undefined {
    const file = this.pathOf(name)
    const bytes = publish.readIfExists(file)
    if (bytes === undefined) return undefined
    try {
      return decodePin(bytes.toString("utf8"))
    } catch (error) {
      throw new StoreRefused({
        path: file,
        found: `the pin is damaged (${(error as Error).message})`,
        next: "remove it with `pipeline pin --remove`, and pin again what it kept"
      })
    }
  }

  /** Returns false, and changes nothing, where there is a pin of this name. */
  create(pin: Pin): boolean {
    return publish.createFile(this.#tmp, this.pathOf(pin.name), encodePin(pin))
  }

  /** Returns whether there was one. */
  remove(name: string): boolean {
    const file = this.pathOf(name)
    if (!fs.existsSync(file)) return false
    fs.rmSync(file)
    publish.syncFolder(this.#folder)
    return true
  }
}
