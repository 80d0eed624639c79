/**
 * A log whose writer is gone, written anew without some of its frames. The new log is durable under the name of a merged
 * one before the old one goes, so that whoever reads sees all that stays, before and after.
 */
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { encodeFrame, keyBytes, Kind } from "../log/Frame.ts"
import { mergedName } from "../log/logName.ts"
import { syncFolder, writeAll } from "../publish.ts"
import { type LogFrame, readLog } from "./readLog.ts"

/** Frames are written in pieces of about this many bytes. */
const pieceBytes = 1 << 20

class Pieces {
  readonly #fd: number
  #gathered: Array<Uint8Array> = []
  #bytes = 0

  constructor(fd: number) {
    this.#fd = fd
  }

  /** `bytes` may be a view that is gone after the call. */
  add(bytes: Uint8Array): void {
    this.#gathered.push(Buffer.from(bytes)) // `slice` of a Buffer is a view as well
    this.#bytes += bytes.length
    if (this.#bytes >= pieceBytes) this.write()
  }

  write(): void {
    writeAll(this.#fd, Buffer.concat(this.#gathered))
    this.#gathered = []
    this.#bytes = 0
  }
}

/**
 * Publishes the frames of `log` that `keep` is true for, and leaves `log` to the caller to remove; nothing is published
 * where no frame stays. To be called under the lock of the folder.
 */
export const rewriteLog = (folder: string, log: string, keep: (frame: LogFrame) => boolean): void => {
  const temporary = path.join(folder, `${randomBytes(8).toString("hex")}.merging`)
  const fd = fs.openSync(temporary, "wx", 0o600)
  let kept = 0
  try {
    const pieces = new Pieces(fd)
    pieces.add(encodeFrame(Kind.origin, "00".repeat(keyBytes), Buffer.from(JSON.stringify([log]))))
    readLog(path.join(folder, log), {
      frame: (frame) => {
        if (frame.kind === Kind.origin || !keep(frame)) return
        pieces.add(frame.bytes)
        kept++
      }
    })
    pieces.write()
    fs.fdatasyncSync(fd)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  } finally {
    fs.closeSync(fd)
  }
  if (kept === 0) fs.rmSync(temporary)
  else fs.renameSync(temporary, path.join(folder, mergedName(log)))
  syncFolder(folder)
}
