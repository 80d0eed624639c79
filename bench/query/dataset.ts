/**
 * The cache that is asked: one run with a table of many rows, as a critique node leaves them, and one of a single row.
 * What is right is counted while they are written.
 */
import * as Effect from "effect/Effect"
import type { TableSchema } from "../../cache/Columns.ts"
import * as Store from "../../cache/Store.ts"

const text = { kind: "string", nullable: false } as const

const schema: TableSchema = [
  { name: "sampleId", type: text },
  { name: "verdict", type: text },
  { name: "score", type: { kind: "float64", nullable: false } },
  { name: "answer", type: text },
  { name: "critique", type: { kind: "string", nullable: true } }
]

const verdicts = ["safe", "unsafe", "none"] as const

const words = "the colour of vault amber is olive and the price of painting cedar stays hidden from all guests".split(
  " "
)

/** Rows handed over at once. */
const batch = 10_000

/** What is looked for in the texts. */
export const pattern = "copper"

/** In one of so many texts it stands, at the end: all others are read through for nothing. */
const oneIn = 50

/** About 110 bytes that differ from row to row, as answers do. */
const answerOf = (row: number): string => {
  const text = Array.from({ length: 18 }, (_, k) => words[(row * 7 + k * 13 + (row >> 3)) % words.length]).join(" ")
  return `${text} ${row % oneIn === 0 ? `${pattern} ` : ""}${row}`
}

/** What is right. */
export interface Facts {
  readonly rows: number
  readonly byVerdict: ReadonlyArray<readonly [verdict: string, rows: number]>
  readonly matching: number
}

/** Writes the cache into `folder`. */
export const writeDataset = async (folder: string, rows: number): Promise<Facts> => {
  const counts = new Map<string, number>()
  let matching = 0
  const columnsFrom = (first: number, count: number): ReadonlyArray<ReadonlyArray<string | number | null>> => {
    const columns: Array<Array<string | number | null>> = schema.map(() => [])
    for (let row = first; row < first + count; row++) {
      const verdict = verdicts[row % verdicts.length]!
      const answer = answerOf(row)
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1)
      if (answer.includes(pattern)) matching++
      const cells = [`s${row}`, verdict, (row % 1000) / 1000, answer, row % 5 === 0 ? null : `judged: ${answer}`]
      cells.forEach((cell, i) => columns[i]!.push(cell))
    }
    return columns
  }
  await Effect.runPromise(
    Effect.gen(function*() {
      const store = yield* Store.Store
      const writer = yield* store.tableWriter(schema)
      for (let first = 0; first < rows; first += batch) {
        const count = Math.min(batch, rows - first)
        writer.pushColumns(columnsFrom(first, count), count)
      }
      const manifest = yield* Effect.promise(async () => writer.finish())
      const few = yield* store.putTable([schema[0]!], { sampleId: ["s0"] }, 1)
      yield* store.flush()
      const startedAt = "2026-01-01T00:00:00.000Z"
      yield* store.putRun({
        run: "run-1",
        experiment: "experiments/bench",
        startedAt,
        finishedAt: startedAt,
        ok: true,
        nodes: [
          { label: "critique", node: "critique", state: "ran", manifest },
          { label: "few", node: "few", state: "ran", manifest: few }
        ]
      })
    }).pipe(Effect.provide(Store.layer(folder)))
  )
  return { rows, byVerdict: [...counts].sort(([a], [b]) => a < b ? -1 : 1), matching }
}
