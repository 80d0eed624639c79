/**
 * Verifies what lies in files of its own: blobs, the folders that show them, run records, event logs and pins.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Digest } from "../Digest.ts"
import { decodeRun, folderContent } from "../Manifest.ts"
import { digestInPieces } from "./digestInPieces.ts"
import type { Findings } from "./Findings.ts"
import type { Owners } from "./Owners.ts"
import { decodePin } from "./Pins.ts"
import { unlessGone } from "./unlessGone.ts"

/** Files below a folder, relative, in the order of a folder's manifest. */
const filesBelow = (folder: string): ReadonlyArray<string> =>
  fs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .flatMap((entry) => entry.isFile() ? [path.relative(folder, path.join(entry.parentPath, entry.name))] : [])
    .map((name) => name.split(path.sep).join("/"))
    .sort((a, b) => a < b ? -1 : 1)

const wrongRecord = (text: string, run: string): string | undefined => {
  const record = decodeRun(text)
  return record.run === run ? undefined : `it is the record of run ${record.run}`
}

/** Every line but a cut last one is an event. */
const wrongEvents = (text: string): string | undefined => {
  for (const [at, line] of text.split("\n").slice(0, -1).entries()) {
    try {
      if (line !== "") JSON.parse(line)
    } catch {
      return `line ${at + 1} is no event`
    }
  }
  return undefined
}

const wrongPin = (text: string, name: string): string | undefined => {
  const pin = decodePin(text)
  return pin.name === name ? undefined : `it is pin ${pin.name}`
}

/** What `check` finds, or throws. */
const wrong = (check: () => string | undefined): string | undefined => {
  try {
    return check()
  } catch (error) {
    return (error as Error).message
  }
}

export class FileVerification {
  readonly #findings: Findings
  readonly #owners: Owners
  /** Digests of blob files by inode: folders show the same files. */
  readonly #digests = new Map<number, Digest>()

  constructor(findings: Findings, owners: Owners) {
    this.#findings = findings
    this.#owners = owners
  }

  /** Verifies a blob's file. `name`: its digest. */
  async blob(relative: string, name: Digest): Promise<void> {
    const file = this.#findings.at(relative)
    const stat = fs.statSync(file, { throwIfNoEntry: false })
    const digest = stat === undefined ? undefined : await digestInPieces(file).catch(goneOrThrow)
    if (stat === undefined || digest === undefined) return
    this.#digests.set(stat.ino, digest)
    this.#findings.checked(stat.size)
    if (digest === name) return
    const found = /^[0-9a-f]{64}$/.test(name)
      ? `its bytes have the digest ${digest.slice(0, 16)}…`
      : "its name is no digest"
    const done = this.#findings.putAside(relative, name)
    this.#findings.add({ kind: "blob", place: relative, found, belongsTo: this.#owners.ofBlob(name), done })
  }

  /** Verifies a folder that is shown. Blobs come first. */
  async folder(name: string): Promise<void> {
    const relative = path.join("folders", name)
    const folder = this.#findings.at(relative)
    const files: Array<{ readonly path: string; readonly blob: Digest; readonly bytes: number }> = []
    for (const each of unlessGone(() => filesBelow(folder)) ?? []) {
      const stat = fs.statSync(path.join(folder, each), { throwIfNoEntry: false })
      if (stat === undefined) return
      const blob = this.#digests.get(stat.ino) ?? await digestInPieces(path.join(folder, each)).catch(goneOrThrow)
      if (blob === undefined) return
      files.push({ path: each, blob, bytes: stat.size })
    }
    this.#findings.files += files.length
    if (folderContent(files) === name || !fs.existsSync(folder)) return
    const done = this.#findings.putAside(relative, `folder-${name}`)
    const belongsTo = this.#owners.ofFolder(name)
    this.#findings.add({
      kind: "folder",
      place: relative,
      found: "its files are not those of its digest",
      belongsTo,
      done
    })
  }

  /** Verifies a file of `runs/`. */
  runFile(name: string): void {
    const run = name.replace(/\.(?:json|ndjson)$/, "")
    if (run === name) return
    const isRecord = name.endsWith(".json")
    this.#text(
      path.join("runs", name),
      isRecord ? "run record" : "event log",
      `run ${run}`,
      (text) => isRecord ? wrongRecord(text, run) : wrongEvents(text)
    )
  }

  pin(name: string): void {
    this.#text(path.join("pins", name), "pin", `pin ${name}`, (text) => wrongPin(text, name))
  }

  #text(
    relative: string,
    kind: "run record" | "event log" | "pin",
    owner: string,
    check: (text: string) => string | undefined
  ): void {
    const text = unlessGone(() => fs.readFileSync(this.#findings.at(relative), "utf8"))
    if (text === undefined) return
    this.#findings.checked(Buffer.byteLength(text))
    const found = wrong(() => check(text))
    if (found === undefined) return
    const done = this.#findings.putAside(relative, relative.split(path.sep).join("-"))
    this.#findings.add({ kind, place: relative, found, belongsTo: [owner], done })
  }
}

const goneOrThrow = (error: unknown): undefined => {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
  return undefined
}
