/**
 * The bytes of a file of lines, some whole lines at a time, so that no file is ever held whole. What a line says is the
 * reader's business.
 */
import { isUtf8 } from "node:buffer"
import { closeSync, openSync, readSync } from "node:fs"

/** Whole lines: `bytes[start, end)`. Every line ends with a newline, the file's last one too. Gone with the next block. */
export interface LineBlock {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /** Whether the lines are UTF-8. */
  readonly isText: boolean
}

/** Unit: bytes read at once. */
const blockBytes = 1 << 20

const newline = 10

/** What some editors put before the text of a file. */
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])

/** The file's lines in order. **Throws** what the file system says. */
export function* lineBlocks(file: string): Generator<LineBlock, void> {
  const fd = openSync(file, "r")
  try {
    let bytes = Buffer.allocUnsafeSlow(blockBytes)
    let filled = 0
    let first = true
    for (let count = -1; count !== 0;) {
      // room for one more byte: a newline behind the last line
      if (filled + 1 >= bytes.length) bytes = Buffer.concat([bytes], bytes.length * 2)
      count = readSync(fd, bytes, filled, bytes.length - filled - 1, null)
      const searched = filled
      filled += count
      if (count === 0 && filled > 0) bytes[filled++] = newline
      const last = bytes.subarray(searched, filled).lastIndexOf(newline)
      if (last < 0) continue
      const end = searched + last + 1
      const start = first && bytes.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? byteOrderMark.length : 0
      first = false
      yield { bytes, start, end, isText: isUtf8(bytes.subarray(start, end)) }
      bytes.copyWithin(0, end, filled)
      filled -= end
    }
  } finally {
    closeSync(fd)
  }
}
