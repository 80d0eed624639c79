/**
 * The row log within one process: durable when acknowledged, first result stays, failures are no results, and a full
 * disk costs the rows on their way only.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import fs from "node:fs"
import { encodeFrame, Kind } from "../../cache/log/Frame.ts"
import * as Store from "../../cache/Store.ts"
import { DiskFull } from "../../cache/StoreFailed.ts"
import { bytes, folderOf, keyOf, logsOf, session, text, writeLog } from "./support/memoSession.ts"
import { noSpace, replaceFs, temporaryStore } from "./support/tempStore.ts"

describe("one process", () => {
  it.effect("opening and reading writes nothing", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      yield* session((memo) =>
        Effect.sync(() => {
          assert.strictEqual(memo.size, 0)
          assert.strictEqual(memo.get(keyOf(1)), undefined)
          assert.isFalse(memo.has(keyOf(1)))
        })
      )
      assert.isFalse(fs.existsSync(folderOf(root)))
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("rows are there at once and after opening again, in one log a writer", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const rows = Array.from({ length: 3000 }, (_, i) => i)
      yield* session((memo) =>
        Effect.gen(function*() {
          yield* Effect.forEach(rows, (row) => memo.append(keyOf(row), bytes(`value ${row}`)), { concurrency: 200 })
          for (const row of rows) assert.strictEqual(text(memo.get(keyOf(row))), `value ${row}`)
        })
      )
      assert.strictEqual(logsOf(root).length, 1)
      yield* session((memo) =>
        Effect.sync(() => {
          assert.strictEqual(memo.size, 3000)
          for (const row of rows) assert.strictEqual(text(memo.get(keyOf(row))), `value ${row}`)
          assert.strictEqual(memo.get(keyOf(3000)), undefined)
          assert.deepStrictEqual(memo.damaged, [])
        })
      )
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("empty and large payloads come back", () =>
    Effect.gen(function*() {
      const large = Buffer.alloc(9_000_000, "large ")
      yield* session((memo) =>
        Effect.all([
          memo.append(keyOf(1), bytes("")),
          memo.append(keyOf(2), large),
          memo.append(keyOf(3), bytes("after"))
        ], { concurrency: 3 })
      )
      yield* session((memo) =>
        Effect.sync(() => {
          assert.strictEqual(text(memo.get(keyOf(1))), "")
          assert.isTrue(large.equals(memo.get(keyOf(2))!))
          assert.strictEqual(text(memo.get(keyOf(3))), "after")
        })
      )
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("many rows share a sync", () =>
    Effect.gen(function*() {
      let syncs = 0
      const { fdatasync } = fs
      yield* replaceFs({
        fdatasync: ((fd, done) => {
          syncs++
          fdatasync(fd, done)
        }) as typeof fs.fdatasync
      })
      const rows = Array.from({ length: 640 }, (_, i) => i)
      yield* session((memo) =>
        Effect.forEach(rows, (row) => memo.append(keyOf(row), bytes(`value ${row}`)), { concurrency: "unbounded" })
      )
      assert.isAtLeast(syncs, 1)
      assert.isAtMost(syncs, 3)
    }).pipe(Effect.scoped, Effect.provide(temporaryStore)))

  it.effect("the first result stays unless one is to replace it, then and after opening again", () =>
    Effect.gen(function*() {
      yield* session((memo) =>
        Effect.gen(function*() {
          yield* memo.append(keyOf(1), bytes("first"))
          yield* memo.append(keyOf(1), bytes("second"))
          assert.strictEqual(text(memo.get(keyOf(1))), "first")
        })
      )
      yield* session((memo) =>
        Effect.gen(function*() {
          yield* memo.append(keyOf(1), bytes("retried"), { replace: true })
          yield* memo.append(keyOf(1), bytes("late"))
          assert.strictEqual(text(memo.get(keyOf(1))), "retried")
        })
      )
      yield* session((memo) =>
        Effect.sync(() => {
          assert.strictEqual(text(memo.get(keyOf(1))), "retried")
          assert.strictEqual(memo.size, 1)
        })
      )
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("a failed attempt is no result; attempts are counted across runs and end with a result", () =>
    Effect.gen(function*() {
      yield* session((memo) =>
        Effect.andThen(memo.appendFailure(keyOf(1), bytes("429")), memo.appendFailure(keyOf(2), bytes("500")))
      )
      yield* session((memo) =>
        Effect.gen(function*() {
          yield* memo.appendFailure(keyOf(1), bytes("timeout"))
          assert.strictEqual(memo.get(keyOf(1)), undefined)
          assert.strictEqual(memo.size, 0)
          assert.deepStrictEqual([...memo.failures].map(([key, { attempts, last }]) => [key, attempts, text(last)]), [
            [keyOf(1), 2, "timeout"],
            [keyOf(2), 1, "500"]
          ])
          yield* memo.refresh()
          assert.strictEqual(memo.failures.get(keyOf(1))?.attempts, 2)
          yield* memo.append(keyOf(1), bytes("done"))
          assert.deepStrictEqual([...memo.failures.keys()], [keyOf(2)])
        })
      )
      yield* session((memo) => Effect.sync(() => assert.deepStrictEqual([...memo.failures.keys()], [keyOf(2)])))
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("an attempt of another process that failed after a row had its result counts for nothing", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      writeLog(
        root,
        Buffer.concat([
          encodeFrame(Kind.result, keyOf(1), bytes("value 1")),
          encodeFrame(Kind.failure, keyOf(1), bytes("late"))
        ])
      )
      yield* session((memo) => Effect.sync(() => assert.strictEqual(memo.failures.size, 0)))
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("an interrupted caller loses nothing: its row is durable when the scope ends", () =>
    Effect.gen(function*() {
      yield* session((memo) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(memo.append(keyOf(1), bytes("value")), { startImmediately: true })
          yield* Fiber.interrupt(fiber)
        })
      )
      yield* session((memo) => Effect.sync(() => assert.strictEqual(text(memo.get(keyOf(1))), "value")))
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("refuses a key that is no digest", () =>
    session((memo) => Effect.sync(() => assert.throws(() => memo.get("abc"), /not a row key/))).pipe(
      Effect.provide(temporaryStore)
    ))
})

describe("a full disk", () => {
  it.effect("fails the rows of the batch, keeps what was written whole, and goes on in another log", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      yield* session((memo) =>
        Effect.gen(function*() {
          yield* memo.append(keyOf(1), bytes("before"))
          const failures = yield* Effect.scoped(Effect.gen(function*() {
            const { writev } = fs
            yield* replaceFs({
              // All but three bytes of the batch reach the disk, then it is full.
              writev: ((
                fd: number,
                pieces: ReadonlyArray<Uint8Array>,
                position: number,
                done: (error: Error | null, written: number) => void
              ) =>
                writev(fd, [Buffer.concat(pieces).subarray(0, -3)], position, () =>
                  done(noSpace(), 0))) as typeof fs.writev
            })
            const rows = [2, 3].map((row) =>
              Effect.flip(memo.append(keyOf(row), bytes(`value ${row}`)))
            )
            return yield* Effect.all(rows, { concurrency: 2 })
          }))
          for (const failure of failures) {
            assert.instanceOf(failure, DiskFull)
            assert.include(failure.message, "finished rows are kept")
          }
          assert.strictEqual(memo.get(keyOf(2)), undefined)
          assert.strictEqual(memo.size, 1)
          assert.instanceOf(yield* Effect.flip(memo.flush()), DiskFull)
          yield* memo.flush()
          yield* memo.append(keyOf(4), bytes("after"))
          assert.strictEqual(text(memo.get(keyOf(4))), "after")
        })
      )
      assert.strictEqual(logsOf(root).length, 2)
      yield* session((memo) =>
        Effect.sync(() => {
          const found = [1, 2, 3, 4].map((row) => text(memo.get(keyOf(row))))
          assert.deepStrictEqual(found, ["before", "value 2", undefined, "after"])
          assert.deepStrictEqual(memo.damaged, [])
        })
      )
    }).pipe(Effect.provide(temporaryStore)))
})
