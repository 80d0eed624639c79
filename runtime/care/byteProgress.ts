/**
 * How far work over many bytes is, on stderr: one line that is written over on a terminal, else a line now and then.
 */
import { bytesText } from "./amounts.ts"

/** Between two lines. **Unit**: milliseconds. */
const everyMs = { terminal: 200, file: 5000 }

export interface ByteProgress {
  /** **Unit**: bytes. */
  readonly show: (done: number, total: number) => void
  /** Leaves the line to what is printed next. */
  readonly end: () => void
}

export interface ByteProgressOptions {
  /** What is being done, for example `verifying`. */
  readonly doing: string
  readonly stream: { readonly isTTY?: boolean; readonly write: (text: string) => unknown }
  /** **Unit**: milliseconds. */
  readonly now: () => number
}

export const byteProgress = ({ doing, now, stream }: ByteProgressOptions): ByteProgress => {
  const onTerminal = stream.isTTY === true
  const pauseMs = onTerminal ? everyMs.terminal : everyMs.file
  let lastMs = now()
  let drawn = false
  return {
    show: (done, total) => {
      if (now() - lastMs < pauseMs) return
      lastMs = now()
      drawn = true
      const text = `${doing}: ${bytesText(done)} of ${bytesText(total)}`
      stream.write(onTerminal ? `\r\x1b[2K${text}` : `${text}\n`)
    },
    end: () => {
      if (drawn && onTerminal) stream.write("\r\x1b[2K")
    }
  }
}
