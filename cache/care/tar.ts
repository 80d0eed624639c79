/**
 * The one form of tar that archives have: plain files with names and nothing else, so that equal contents give equal
 * bytes and a header has one spelling only. Any tar program reads it. What the files are is the business of others.
 */

/** Headers, and the bodies of files, fill whole blocks. */
export const blockBytes = 512

const nameBytes = 100
const sizeAt = 124
const sizeEnd = 136
const checksumAt = 148

/** The largest size in octal digits; larger ones are written in base 256. */
const largestOctal = 8 ** 11 - 1

const octal = (header: Buffer, at: number, digits: number, value: number): void => {
  header.write(`${value.toString(8).padStart(digits, "0")}\0`, at, "latin1")
}

const writeSize = (header: Buffer, size: number): void => {
  if (size <= largestOctal) return octal(header, sizeAt, 11, size)
  header.writeBigUInt64BE(BigInt(size), sizeEnd - 8)
  header[sizeAt] = 0x80
}

const readSize = (header: Buffer): number => {
  if (header[sizeAt] === 0x80) return Number(header.readBigUInt64BE(sizeEnd - 8))
  const digits = header.toString("latin1", sizeAt, sizeEnd - 1)
  return /^[0-7]{11}$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
}

/** The header of a file. **Shape**: names are ASCII, at most 100 characters. **Fails**: throws a `RangeError` else. */
export const header = (name: string, size: number): Buffer => {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) {
    throw new RangeError(`${JSON.stringify(name)} is no name for a file in an archive`)
  }
  const bytes = Buffer.alloc(blockBytes)
  bytes.write(name, 0, nameBytes, "latin1")
  octal(bytes, 100, 7, 0o600)
  octal(bytes, 108, 7, 0)
  octal(bytes, 116, 7, 0)
  writeSize(bytes, size)
  octal(bytes, 136, 11, 0)
  bytes.write("        0", checksumAt, "latin1")
  bytes.write("ustar\x0000", 257, "latin1")
  let sum = 0
  for (const byte of bytes) sum += byte
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, checksumAt, "latin1")
  return bytes
}

/** The file that a header announces; `undefined` where it is not exactly what {@link header} writes. */
export const parseHeader = (bytes: Buffer): { readonly name: string; readonly size: number } | undefined => {
  const end = bytes.indexOf(0)
  const name = bytes.toString("latin1", 0, end < 0 || end > nameBytes ? nameBytes : end)
  const size = readSize(bytes)
  if (!Number.isSafeInteger(size) || !/^[\x21-\x7e]+$/.test(name)) return undefined
  return header(name, size).equals(bytes) ? { name, size } : undefined
}

/** What follows a body of `size` bytes up to the next block. */
export const padding = (size: number): Buffer => Buffer.alloc((blockBytes - size % blockBytes) % blockBytes)

/** What stands behind the last file. */
export const trailer = (): Buffer => Buffer.alloc(2 * blockBytes)
