/**
 * A stream that a reporter can write to without care: a reader who has gone (`pipeline run --json | head`) ends the
 * output quietly, and no error of the stream reaches the run.
 */

/** What a reporter needs of a stream. */
export interface OutputStream {
  readonly write: (text: string) => unknown
  readonly on?: (event: "error", listener: (error: Error) => void) => unknown
  /** True while the reader is slower than the writer. */
  readonly writableNeedDrain?: boolean
}

export interface Output {
  /** Writes unless the stream has failed; never throws. */
  readonly write: (text: string) => void
  /** Whether the reader is behind: a frame that can be left out should be. */
  readonly behind: () => boolean
}

/** One listener a stream, however many reporters it sees: an error may arrive after the last of them has closed. */
const watched = new WeakMap<OutputStream, { failed: boolean }>()

const watch = (stream: OutputStream): { failed: boolean } => {
  const known = watched.get(stream)
  if (known !== undefined) return known
  const state = { failed: false }
  watched.set(stream, state)
  stream.on?.("error", () => void (state.failed = true))
  return state
}

/** The output on `stream`. */
export const output = (stream: OutputStream): Output => {
  const state = watch(stream)
  return {
    behind: () => stream.writableNeedDrain === true,
    write: (text) => {
      if (state.failed) return
      try {
        stream.write(text)
      } catch {
        state.failed = true
      }
    }
  }
}
