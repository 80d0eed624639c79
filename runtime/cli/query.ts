/**
 * `pipeline query "select …"`: SQL over every node of the cache, as a table for people or as CSV, JSON, Arrow or Parquet
 * for programs; without a statement, a prompt on a terminal, else the tables there are. Reads the cache only, so it works
 * while a run is writing.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { closeSync, openSync, writeFileSync } from "node:fs"
import type { QueryResult } from "../../cache/Duck.ts"
import type { Store } from "../../cache/Store.ts"
import { cacheRootOf, projectRootOf } from "../Place.ts"
import { answer, answerPieces } from "../query/answer.ts"
import type { Choice } from "../query/chosenRuns.ts"
import { existingCache } from "../query/existingCache.ts"
import { arrow, csv, json } from "../query/formats.ts"
import { parquet } from "../query/parquet.ts"
import { QueryRefused } from "../query/QueryRefused.ts"
import { showRows } from "../terminal/showRows.ts"
import { styleFor, uncoloured } from "../terminal/style.ts"
import { visible } from "../terminal/text.ts"
import * as flags from "./flags.ts"
import { columnsOf } from "./output.ts"

/** Rows of a table for people, unless told. */
const tableRows = 50

const statement = Argument.String("statement").pipe(
  Argument.withDescription(
    "one SELECT in DuckDB's dialect; without it, a prompt on a terminal, else the tables there are"
  ),
  Argument.optional
)
const run = Flag.String("run").pipe(
  Flag.withDescription("the state that this run left, as `ls --runs` names it (default: the latest)"),
  Flag.optional
)
const experiment = Flag.String("experiment").pipe(
  Flag.withDescription("only this experiment's results, for example experiments/quickstart"),
  Flag.optional
)
const format = Flag.Literals("format", ["table", "csv", "json", "arrow", "parquet"]).pipe(
  Flag.withDescription("table for reading; csv, json (one array), arrow (an IPC stream) or parquet for programs"),
  Flag.withDefault("table" as const)
)
const limit = Flag.Int("limit").pipe(
  Flag.filter((rows) => rows >= 0, (rows) => `${rows} is no number of rows`),
  Flag.withDescription(`rows at most (default: ${tableRows} of a table, else all)`),
  Flag.optional
)
const out = Flag.String("out").pipe(
  Flag.withDescription("write to this file instead of standard output"),
  Flag.optional
)

type Format = "table" | "csv" | "json" | "arrow" | "parquet"
type Piece = string | Uint8Array

interface Target {
  readonly write: (piece: Piece) => void
  readonly isTerminal: boolean
}

const refusedFile = (file: string, cause: unknown) =>
  new QueryRefused({
    reason: `${file} could not be written: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: "give --out a file in a folder that exists and may be written"
  })

/**
 * Standard output, or a file that is open for as long as the scope. It is opened when there is something to write: a
 * refused statement leaves a file that is there as it was.
 */
const target = (file: string | undefined) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync((): { opened: number | undefined } => ({ opened: undefined })),
      ({ opened }) => Effect.sync(() => opened === undefined ? undefined : closeSync(opened))
    ),
    (state): Target => ({
      isTerminal: file === undefined && process.stdout.isTTY,
      write: (piece) => {
        if (file === undefined) process.stdout.write(piece)
        else writeFileSync(state.opened ??= openSync(file, "w"), piece)
      }
    })
  )

const tableText = ({ columns, rows, schema }: QueryResult, limitRows: number, isTerminal: boolean): string => {
  const options = isTerminal
    ? { width: columnsOf(process.stdout), style: styleFor(process.stdout) }
    : { width: columnsOf({}), style: uncoloured }
  return `${showRows({ names: schema.map(({ name }) => name), columns, rows }, { ...options, limit: limitRows })}\n`
}

/** CSV has no escapes: on a terminal what a text hides is spelled out, elsewhere it is kept. */
const onTerminal = (text: string): string => text.split("\r\n").map(visible).join("\n")

/** What is written of an answer, a piece at a time; only a table wants the whole of it first. */
const written = (
  asked: string | undefined,
  choice: Choice,
  format: Format,
  { isTerminal, most }: { readonly most: number; readonly isTerminal: boolean }
): Stream.Stream<Piece, Stream.Error<ReturnType<typeof answerPieces>>, Store> => {
  if (format === "table") {
    return Stream.fromEffect(Effect.map(answer(asked, choice, most), (found) => tableText(found, most, isTerminal)))
  }
  const pieces = answerPieces(asked, choice, most)
  if (format === "json") return json(pieces)
  if (format === "arrow") return arrow(pieces)
  if (format === "parquet") return parquet(pieces)
  return isTerminal ? Stream.map(csv(pieces), onTerminal) : csv(pieces)
}

/** Texts of a chunk go out together: one call a row would cost more than the row. */
const joined = (pieces: ReadonlyArray<Piece>): ReadonlyArray<Piece> =>
  pieces.every((piece) => typeof piece === "string") ? [pieces.join("")] : pieces

/** Bytes that a terminal cannot show. */
const isBinary = (format: Format): boolean => format === "arrow" || format === "parquet"

/** Asks for statements until the user ends it. */
const ask = Effect.fnUntraced(function*(choice: Choice, limitRows: Option.Option<number>) {
  const { prompt } = yield* Effect.promise(() => import("../query/prompt.ts"))
  const { stdin, stdout } = process
  yield* prompt({
    choice,
    limit: Option.getOrElse(limitRows, () => tableRows),
    input: stdin,
    output: stdout,
    style: styleFor(stdout)
  })
})

export const query = Command.make(
  "query",
  { statement, run, experiment, format, limit, out, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const format = given.json ? "json" : given.format
      const file = Option.getOrUndefined(given.out)
      const asked = Option.getOrUndefined(given.statement)
      const choice = { experiment: Option.getOrUndefined(given.experiment), run: Option.getOrUndefined(given.run) }
      if (isBinary(format) && file === undefined && process.stdout.isTTY) {
        return yield* new QueryRefused({
          reason: `${format} is no text for a terminal`,
          next: "write it to a file with --out, or pipe it into a program"
        })
      }
      if (
        asked === undefined && format === "table" && file === undefined && process.stdin.isTTY && process.stdout.isTTY
      ) {
        return yield* ask(choice, given.limit)
      }
      const most = Option.getOrElse(given.limit, () => format === "table" && asked !== undefined ? tableRows : Infinity)
      const to = yield* target(file)
      yield* Stream.runForEachArray(written(asked, choice, format, { most, isTerminal: to.isTerminal }), (pieces) =>
        Effect.try({
          try: () =>
            joined(pieces).forEach(to.write),
          catch: (cause) => refusedFile(file ?? "standard output", cause)
        }))
    }).pipe(
      Effect.scoped,
      Effect.provide(
        existingCache(
          cacheRootOf(projectRootOf(process.cwd()), Option.getOrUndefined(given.cache), process.env["PIPELINE_CACHE"])
        )
      )
    )
).pipe(Command.withDescription("SQL over the results of every node"))
