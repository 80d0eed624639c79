/**
 * A process of its own that works on rows of a memo as far as others do not: it claims them batch by batch, notes every
 * row it works on in a file, and ends when all rows have a result. For tests that run two, or kill one.
 *
 *     node claimRows.ts <cache> <row function> <first row> <rows> <file>
 */
import * as Effect from "effect/Effect"
import { appendFileSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import * as Store from "../../../cache/Store.ts"
import { keysOf } from "./memoSession.ts"

const [root, rowFunction, first, count, file] = process.argv.slice(2)

const batchRows = 64

const work = Effect.gen(function*() {
  const memo = yield* (yield* Store.Store).openMemo(rowFunction!)
  const rows = Array.from({ length: Number(count) }, (_, row) => row)
  const keys = keysOf(rows.map((row) => Number(first) + row))
  yield* Effect.promise(async () => {
    for (let left: ReadonlyArray<number> = rows; left.length > 0;) {
      const next: Array<number> = []
      for (let at = 0; at < left.length; at += batchRows) {
        const { mine, theirs } = memo.claim(keys, left.slice(at, at + batchRows))
        for (const row of mine) {
          appendFileSync(file!, `${Number(first) + row}\n`)
          void memo.put(keys, row, Buffer.from(`value ${Number(first) + row}`))
        }
        await setTimeout(1)
        next.push(...theirs)
      }
      left = next
    }
  })
  yield* memo.flush()
})

await Effect.runPromise(work.pipe(Effect.scoped, Effect.provide(Store.layer(root!))))
