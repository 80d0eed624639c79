/**
 * `pipeline query` without a statement: asks for one after the other on a terminal. Every answer is of the cache as it
 * is then, so a run may go on meanwhile. Reading lines is `LineReader.ts`', answering `answer.ts`'.
 */
import * as Effect from "effect/Effect"
import { join } from "node:path"
import type { QueryResult } from "../../cache/Duck.ts"
import { baseOf, Store } from "../../cache/Store.ts"
import { duration } from "../terminal/format.ts"
import { showRow, showRows } from "../terminal/showRows.ts"
import type { Style } from "../terminal/style.ts"
import { wrap } from "../terminal/text.ts"
import { answer, currentTables, describe } from "./answer.ts"
import type { Choice } from "./chosenRuns.ts"
import { completions } from "./completions.ts"
import { lineReader } from "./LineReader.ts"
import { statementEnd } from "./quotedPieces.ts"

export interface PromptOptions {
  readonly choice: Choice
  /** Rows shown of an answer. */
  readonly limit: number
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream & { readonly columns?: number }
  readonly style: Style
}

/** Answers that took longer say how long. Unit: milliseconds. */
const worthSayingMs = 1000

const help = [
  "A statement ends with ; and may take several lines. Ctrl-C gives it up, or stops the one that runs.",
  "\\d        the tables there are",
  "\\d NAME   the columns of one",
  "\\x        rows in full, one below the other; again: as a table",
  "\\q        quit, as Ctrl-D does"
]

const firstLine = "SQL over the results of every node. \\d lists the tables, \\? says what else there is."

class Prompt {
  readonly #options: PromptOptions
  #tables: Parameters<typeof completions>[1] = new Map()
  #inFull = false

  constructor(options: PromptOptions) {
    this.#options = options
  }

  complete = (line: string) => completions(line, this.#tables)

  get #width(): number {
    return this.#options.output.columns ?? 80
  }

  say(text: string): void {
    this.#options.output.write(`${wrap(text, this.#width).join("\n")}\n`)
  }

  /** Looks which tables there are, for completions. */
  readonly look = Effect.suspend(() =>
    Effect.map(currentTables(this.#options.choice), (tables) => void (this.#tables = tables))
  )

  #table({ columns, rows, schema }: QueryResult, limit: number): void {
    const { output, style } = this.#options
    const names = schema.map(({ name }) => name)
    output.write(`${showRows({ names, columns, rows }, { width: this.#width, style, limit })}\n`)
  }

  #rowsInFull({ columns, rows, schema }: QueryResult): void {
    const { limit, output, style } = this.#options
    const names = schema.map(({ name }) => name)
    for (let row = 0; row < Math.min(rows, limit); row++) {
      const cells = Object.fromEntries(names.map((name) => [name, columns[name]![row]!]))
      const head = style("dim", `── ${row + 1} of ${rows} ──`)
      output.write(`${head}\n${showRow(cells, { width: this.#width, style })}\n`)
    }
  }

  #run(statement: string) {
    return Effect.gen({ self: this }, function*() {
      const startedMs = performance.now()
      const { choice, limit } = this.#options
      const found = yield* answer(statement, choice, limit)
      if (this.#inFull && found.rows > 0) this.#rowsInFull(found)
      else this.#table(found, limit)
      const tookMs = performance.now() - startedMs
      if (tookMs > worthSayingMs) this.say(duration(tookMs / 1000))
    })
  }

  /** Does what a command says; yields false where it ends the prompt. */
  command(line: string) {
    return Effect.gen({ self: this }, function*() {
      const [name, ...rest] = line.trim().replace(/;$/u, "").split(/\s+/u)
      const { choice } = this.#options
      switch (name) {
        case "\\q":
          return false
        case "\\d": {
          const table = rest.join(" ").replace(/^"(.*)"$/u, "$1")
          this.#table(yield* table === "" ? answer(undefined, choice) : describe(table, choice), Infinity)
          return true
        }
        case "\\x":
          this.#inFull = !this.#inFull
          this.say(this.#inFull ? "rows in full" : "rows as a table")
          return true
        case "\\?":
          help.forEach((one) => this.say(one))
          return true
        default:
          this.say(`there is no command ${name}; \\? lists them`)
          return true
      }
    })
  }

  /** Runs the statements that are complete in a text; yields what is left of it. */
  statements(text: string) {
    return Effect.gen({ self: this }, function*() {
      let rest = text
      for (let end = statementEnd(rest); end >= 0; end = statementEnd(rest)) {
        const statement = rest.slice(0, end)
        rest = rest.slice(end + 1)
        if (statement.trim() !== "") yield* this.#run(statement)
      }
      return rest.trim() === "" ? "" : rest
    })
  }
}

/**
 * Asks until the end. What fails is said and asked again.
 *
 * **Fails**: as `answer` does where not even the list of tables can be had at the start.
 */
export const prompt = Effect.fnUntraced(function*(options: PromptOptions) {
  const { root } = yield* Store
  const session = new Prompt(options)
  yield* session.look
  const reader = yield* lineReader({
    ...options,
    complete: session.complete,
    historyFile: join(baseOf(root), "derived", "query-history")
  })
  session.say(firstLine)
  let pending = ""
  /** Work that Ctrl-C stops; what it fails with is said. */
  const doing = <A, E extends { readonly message: string }>(work: Effect.Effect<A, E, Store>, otherwise: A) =>
    Effect.raceFirst(work, Effect.map(reader.interrupted, () => (session.say("stopped"), otherwise))).pipe(
      Effect.catch((error) => Effect.sync(() => (session.say(`error: ${error.message}`), otherwise)))
    )
  for (;;) {
    const typed = yield* reader.next(pending === "" ? "sql> " : "...> ")
    if (typed.kind === "end") break
    if (typed.kind === "interrupted") {
      pending = ""
      continue
    }
    if (pending === "" && typed.line.startsWith("\\")) {
      if (!(yield* doing(session.command(typed.line), true))) return
      continue
    }
    pending = yield* doing(session.statements(pending === "" ? typed.line : `${pending}\n${typed.line}`), "")
    yield* Effect.ignore(session.look)
  }
  options.output.write("\n")
}, Effect.scoped)
