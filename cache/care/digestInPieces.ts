/**
 * SHA-256 of a file's bytes through one buffer that is used again and again: of many files, or large ones, this costs
 * little more than the hashing.
 */
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { setImmediate } from "node:timers/promises"
import type { Digest } from "../Digest.ts"

const pieceBytes = 1 << 20

/** After so many pieces others get a turn. */
const piecesPerTurn = 64

let piece: Buffer | undefined

/** **Fails**: rejects with what the file system says. Calls must not overlap. */
export const digestInPieces = async (file: string): Promise<Digest> => {
  piece ??= Buffer.allocUnsafeSlow(pieceBytes)
  const fd = fs.openSync(file, "r")
  try {
    const hash = createHash("sha256")
    for (let pieces = 1;; pieces++) {
      const bytes = fs.readSync(fd, piece, 0, pieceBytes, null)
      hash.update(piece.subarray(0, bytes))
      if (bytes < pieceBytes) return hash.digest("hex")
      if (pieces % piecesPerTurn === 0) await setImmediate()
    }
  } finally {
    fs.closeSync(fd)
  }
}
