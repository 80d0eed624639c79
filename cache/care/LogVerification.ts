/**
 * Verifies logs: the check of every frame, in the journal also what it says, and the indexes beside them. A damaged log
 * keeps its whole frames.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { digestBytes } from "../Digest.ts"
import { Watch } from "../Holder.ts"
import type { HolderFile } from "../HolderFile.ts"
import { keyBytes, Kind } from "../log/Frame.ts"
import { ifUnlocked } from "../log/lock.ts"
import { isFinished } from "../log/logName.ts"
import { gap, SealedIndex } from "../log/SealedIndex.ts"
import { decodeAction } from "../Manifest.ts"
import { contentOf } from "./contentOf.ts"
import type { Damage, Findings } from "./Findings.ts"
import type { Owners } from "./Owners.ts"
import { hexAt, type LogFrame, readLog } from "./readLog.ts"
import { rewriteLog } from "./rewriteLog.ts"
import { unlessGone } from "./unlessGone.ts"

/** What is wrong with a whole frame of the journal; `undefined` where nothing is. */
const wrongFrame = ({ key, keys, kind, payload }: LogFrame): string | undefined => {
  const name = hexAt(keys, key)
  if (kind === Kind.blob) return digestBytes(payload) === name ? undefined : "its bytes do not have its digest"
  if (kind !== Kind.action && kind !== Kind.actionReplacement) return undefined
  try {
    const { manifest } = decodeAction(payload, name)
    return contentOf(manifest) === manifest.content ? undefined : "its manifest does not have its content digest"
  } catch (error) {
    return (error as Error).message
  }
}

/** Follows an index beside the frames of its log. */
class IndexCheck {
  readonly #index: SealedIndex
  #entry = 0
  #offset = 0
  agrees = true

  constructor(index: SealedIndex) {
    this.#index = index
  }

  frame({ bytes, key, keys, kind, offset }: LogFrame): void {
    const index = this.#index
    while (this.#entry < index.entries && index.kind(this.#entry) === gap) this.#next()
    if (this.#entry >= index.entries) return
    let same = this.#offset === offset && index.kind(this.#entry) === kind && index.size(this.#entry) === bytes.length
    const own = this.#entry * keyBytes
    for (let i = 0; same && i < keyBytes; i++) same = index.keys[own + i] === keys[key + i]
    if (!same) this.agrees = false
    this.#next()
  }

  #next(): void {
    this.#offset += this.#index.size(this.#entry++)
  }
}

/** A damaged part of a log. */
type Broken = Pick<Damage, "found" | "belongsTo"> & { readonly offset: number }

export class LogVerification {
  readonly #findings: Findings
  readonly #owners: Owners
  readonly #self: HolderFile
  readonly #watch = new Watch()

  constructor(findings: Findings, owners: Owners, self: HolderFile) {
    this.#findings = findings
    this.#owners = owners
    this.#self = self
  }

  /** Verifies a log of a folder of the cache, and its index. */
  check(folder: string, log: string): void {
    const file = this.#findings.at(folder, log)
    const indexFile = `${file}.idx`
    const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0
    const index = SealedIndex.read(indexFile, size)
    const compared = index === undefined ? undefined : new IndexCheck(index)
    const broken = unlessGone(() => this.#read(folder, log, compared))
    if (broken === undefined) return
    if (broken.length > 0) return this.#reportLog(folder, log, broken)
    if (!fs.existsSync(indexFile) || (compared?.agrees ?? false)) return
    const found = index === undefined ? "it is damaged, or of a log that is longer" : "it says other than its log"
    const done = this.#findings.quarantine ? "removed" : "nothing"
    if (this.#findings.quarantine) fs.rmSync(indexFile, { force: true })
    this.#findings.add({ kind: "index", place: path.join(folder, `${log}.idx`), found, belongsTo: [], done })
  }

  #read(folder: string, log: string, index: IndexCheck | undefined): ReadonlyArray<Broken> {
    const broken: Array<Broken> = []
    const isJournal = folder === "journal"
    const { bytes } = readLog(this.#findings.at(folder, log), {
      frame: (frame) => {
        index?.frame(frame)
        const found = isJournal ? wrongFrame(frame) : undefined
        if (found === undefined) return
        const belongsTo = this.#owners.ofFrame(folder, frame.kind, hexAt(frame.keys, frame.key))
        broken.push({ offset: frame.offset, found, belongsTo })
      },
      damage: (offset, bytes, frame) => {
        const found = frame === undefined ? `${bytes} bytes are no frame` : "a frame's check does not match"
        broken.push({ offset, found, belongsTo: this.#owners.ofFrame(folder, frame?.kind, frame?.key) })
      }
    })
    this.#findings.checked(bytes)
    return broken
  }

  #reportLog(folder: string, log: string, broken: ReadonlyArray<Broken>): void {
    const done = this.#findings.quarantine ? this.#mend(folder, log, broken) : "nothing"
    const kind = folder === "journal" ? "journal" : "row log"
    for (const { belongsTo, found, offset } of broken) {
      this.#findings.add({ kind, place: `${path.join(folder, log)}:${offset}`, found, belongsTo, done })
    }
  }

  /** Writes a log anew without what is broken; one that is still written stays as it is. */
  #mend(folder: string, log: string, broken: ReadonlyArray<Broken>): Damage["done"] {
    const wrong = new Set(broken.map(({ offset }) => offset))
    const place = this.#findings.at(folder)
    let done: Damage["done"] = "in use"
    ifUnlocked(place, this.#self, this.#watch, () => {
      if (!isFinished(place, log, this.#watch)) return
      rewriteLog(place, log, ({ offset }) => !wrong.has(offset))
      done = this.#findings.putAside(path.join(folder, log), `log-${log}`)
      fs.rmSync(path.join(place, `${log}.idx`), { force: true })
    })
    return done
  }
}
