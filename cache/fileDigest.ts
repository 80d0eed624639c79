/**
 * SHA-256 of files of any size, read in pieces with a turn of the event loop between them. What is copied is hashed on
 * its way, so that nobody has to read the copy.
 */
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { type Digest, digestBytes } from "./Digest.ts"

/** Files are read in pieces of this size. Unit: bytes. */
const pieceBytes = 1 << 20

/** Hashes a file, and shows each piece of it to `take` before the next is read over it. */
const digestPieceByPiece = async (file: string, take: (piece: Uint8Array) => Promise<void>): Promise<Digest> => {
  const handle = await fs.promises.open(file, "r")
  try {
    const hash = createHash("sha256")
    const buffer = Buffer.allocUnsafe(pieceBytes)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, pieceBytes, null)
      if (bytesRead === 0) return hash.digest("hex")
      const piece = buffer.subarray(0, bytesRead)
      const taken = take(piece)
      hash.update(piece) // meanwhile
      await taken
    }
  } finally {
    await handle.close()
  }
}

/** SHA-256 of a file's bytes. */
export const digestFile = async (file: string): Promise<Digest> =>
  fs.statSync(file).size <= pieceBytes
    ? digestBytes(fs.readFileSync(file))
    : digestPieceByPiece(file, () => Promise.resolve())

/** Copies a file to `target`, which must not exist, and returns the SHA-256 of the bytes that were written. */
export const copyFile = async (file: string, target: string): Promise<Digest> => {
  if (fs.statSync(file).size <= pieceBytes) {
    const bytes = fs.readFileSync(file)
    fs.writeFileSync(target, bytes, { flag: "wx", mode: 0o600 })
    return digestBytes(bytes)
  }
  const handle = await fs.promises.open(target, "wx", 0o600)
  try {
    return await digestPieceByPiece(file, async (piece) => {
      for (let at = 0; at < piece.length;) at += (await handle.write(piece, at)).bytesWritten
    })
  } finally {
    await handle.close()
  }
}
