/**
 * A process of its own that appends rows to a memo and reports each durable one on its standard output, for tests that
 * kill it or run two.
 *
 *     node appendRows.ts <cache> <row function> <first row> <rows>
 */
import * as Effect from "effect/Effect"
import { digestBytes } from "../../../cache/Digest.ts"
import * as Store from "../../../cache/Store.ts"

const [root, rowFunction, first, rows] = process.argv.slice(2)

const append = Effect.gen(function*() {
  const store = yield* Store.Store
  const memo = yield* store.openMemo(rowFunction!)
  const numbers = Array.from({ length: Number(rows) }, (_, i) => Number(first) + i)
  yield* Effect.forEach(
    numbers,
    (row) =>
      Effect.map(
        memo.append(digestBytes(`row ${row}`), Buffer.from(`${row} ${"x".repeat(row % 5000)}`)),
        () => process.stdout.write(`${row}\n`)
      ),
    {
      concurrency: 100
    }
  )
})

await Effect.runPromise(append.pipe(Effect.scoped, Effect.provide(Store.layer(root!))))
