/**
 * Lines that a person types, one at a time: editing, history and Ctrl-C are `readline`'s, what the lines mean is the
 * prompt's. Lines that are pasted at once or typed ahead wait their turn.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { createInterface } from "node:readline"
import { addHistory, loadHistory } from "./promptHistory.ts"

export interface LineReaderOptions {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  /** The file that keeps the lines. */
  readonly historyFile: string
  /** Completions of a line and the end that they replace. */
  readonly complete: (line: string) => [ReadonlyArray<string>, string]
}

/** What was typed. Ctrl-C gives up a line, Ctrl-D ends. */
export type Typed =
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "interrupted" }
  | { readonly kind: "end" }

export interface LineReader {
  /** The next line, asked for with `prompt`. */
  readonly next: (prompt: string) => Effect.Effect<Typed>
  /** Completes at Ctrl-C, for what goes on between lines. */
  readonly interrupted: Effect.Effect<Typed>
}

/** A reader on a terminal, as long as the scope. */
export const lineReader = Effect.fnUntraced(function*(options: LineReaderOptions) {
  const { complete, historyFile, input, output } = options
  const lines = yield* Queue.unbounded<Typed>()
  const interrupts = yield* Queue.unbounded<Typed>()
  const reader = yield* Effect.acquireRelease(
    Effect.sync(() =>
      createInterface({
        input,
        output,
        terminal: true,
        history: [...loadHistory(historyFile)],
        completer: (line: string) => complete(line) as [Array<string>, string]
      })
    ),
    (opened) => Effect.sync(() => opened.close())
  )
  reader.on("line", (line) => {
    if (line.trim() !== "") addHistory(historyFile, line)
    Queue.offerUnsafe(lines, { kind: "line", line })
  })
  reader.on("SIGINT", () => void Queue.offerUnsafe(interrupts, { kind: "interrupted" }))
  reader.on("close", () => void Queue.offerUnsafe(lines, { kind: "end" }))
  const interrupted = Queue.take(interrupts)
  return {
    interrupted,
    next: (prompt) =>
      Effect.suspend(() => {
        reader.setPrompt(prompt)
        reader.prompt()
        return Effect.raceFirst(Queue.take(lines), interrupted)
      }).pipe(Effect.tap(({ kind }) =>
        Effect.sync(() => {
          if (kind !== "interrupted") return
          output.write("^C\n")
          // what stood in the line is given up with it
          reader.write(null, { ctrl: true, name: "e" })
          reader.write(null, { ctrl: true, name: "u" })
        })
      ))
  } satisfies LineReader
})
