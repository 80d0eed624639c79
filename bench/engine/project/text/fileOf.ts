/**
 * Reads the one file of an artifact whole, and the rows of a file as a script without the engine would.
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs" // pipeline: allow fs, the artifact's content is in the key
import { join } from "node:path"
import type { Folder } from "../../../../runtime/Type.ts"

const pathOf = (file: Folder<"file">): string => join(file.path, readdirSync(file.path)[0]!) // pipeline: allow fs, the artifact's content is in the key

export const textOf = (file: Folder<"file">): string => readFileSync(pathOf(file), "utf8") // pipeline: allow fs, the artifact's content is in the key

/** Unit: bytes read at once. */
const blockBytes = 1 << 20

/** The lines that end with a newline, some at a time: text with newlines between them. */
export function* blocksOf(path: string): Generator<string, void> {
  const fd = openSync(path, "r") // pipeline: allow fs, the artifact's content is in the key
  try {
    let held = Buffer.alloc(blockBytes)
    let kept = 0 // bytes of a line that the last block did not end
    for (;;) {
      if (kept === held.length) held = Buffer.concat([held, Buffer.alloc(held.length)])
      const read = readSync(fd, held, kept, held.length - kept, null) // pipeline: allow fs, the artifact's content is in the key
      if (read === 0) return
      const end = held.lastIndexOf(10, kept + read - 1) + 1
      if (end > 0) yield held.toString("latin1", 0, end - 1)
      held.copyWithin(0, end, kept + read)
      kept += read - end
    }
  } finally {
    closeSync(fd) // pipeline: allow fs, the artifact's content is in the key
  }
}

/** The rows of a file of JSON lines, parsed block by block. The file is ASCII. */
export function* jsonLinesOf<Row>(path: string): Generator<Row, void> {
  for (const block of blocksOf(path)) yield* JSON.parse(`[${block.replaceAll("\n", ",")}]`) as Array<Row>
}
