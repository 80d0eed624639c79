/**
 * The row log: what was acknowledged is there after any kill, what is torn or damaged is not, and every process sees
 * every row.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import fs from "node:fs"
import * as path from "node:path"
import { digestBytes } from "../../cache/Digest.ts"
import { encodeFrame, headerBytes, Kind } from "../../cache/memo/Frame.ts"
import { KeyIndex } from "../../cache/memo/KeyIndex.ts"
import * as Store from "../../cache/Store.ts"
import { DiskFull } from "../../cache/StoreFailed.ts"
import { noSpace, replaceFs, temporaryStore } from "./support/tempStore.ts"

const rowFunction = digestBytes("row function")
const keyOf = (row: number) => digestBytes(`row ${row}`)
const text = (bytes: Uint8Array | undefined) => bytes === undefined ? undefined : Buffer.from(bytes).toString()
const bytes = (value: string) => Buffer.from(value)

const folderOf = (root: string) => path.join(root, "v1/memo", rowFunction)
const logsOf = (root: string) => fs.existsSync(folderOf(root)) ? fs.readdirSync(folderOf(root)).sort() : []

const openMemo = Effect.flatMap(Store.Store, (store) => store.openMemo(rowFunction))

/** Runs `use` with a memo that is closed again, as a process of its own would. */
const session = <A, E>(use: (memo: Store.Memo) => Effect.Effect<A, E>) => Effect.scoped(Effect.flatMap(openMemo, use))

const appendAll = (rows: ReadonlyArray<number>) =>
  session((memo) =>
    Effect.forEach(rows, (row) => memo.append(keyOf(row), bytes(`value ${row}`)), { concurrency: "unbounded" })
  )

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
      yield* appendAll(Array.from({ length: 640 }, (_, i) => i))
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
  it.effect("fails the rows of the batch, keeps earlier ones, hides the half-written, and goes on when there is space", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      yield* session((memo) =>
        Effect.gen(function*() {
          yield* memo.append(keyOf(1), bytes("before"))
          const failures = yield* Effect.scoped(Effect.gen(function*() {
            const { write } = fs
            yield* replaceFs({
              // Half of the batch reaches the disk, then it is full.
              write: ((
                fd: number,
                buffer: Uint8Array,
                at: number,
                length: number,
                position: number,
                done: (error: Error | null, written: number) => void
              ) => write(fd, buffer, at, length >> 1, position, () => done(noSpace(), 0))) as typeof fs.write
            })
            return yield* Effect.all([2, 3].map((row) => Effect.flip(memo.append(keyOf(row), bytes(`value ${row}`)))), {
              concurrency: 2
            })
          }))
          for (const failure of failures) {
            assert.instanceOf(failure, DiskFull)
            assert.include(failure.message, "finished rows are kept")
          }
          assert.strictEqual(memo.get(keyOf(2)), undefined)
          yield* memo.append(keyOf(4), bytes("after"))
          assert.strictEqual(text(memo.get(keyOf(4))), "after")
        })
      )
      assert.strictEqual(logsOf(root).length, 1)
      yield* session((memo) =>
        Effect.sync(() => {
          assert.deepStrictEqual([1, 2, 3, 4].map((row) => text(memo.get(keyOf(row)))), [
            "before",
            undefined,
            undefined,
            "after"
          ])
          assert.deepStrictEqual(memo.damaged, [])
        })
      )
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("when the log cannot be cut back, the next rows go to another one", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      yield* session((memo) =>
        Effect.gen(function*() {
          yield* Effect.scoped(Effect.gen(function*() {
            const { write } = fs
            yield* replaceFs({
              write: ((
                fd: number,
                buffer: Uint8Array,
                at: number,
                length: number,
                position: number,
                done: (error: Error | null, written: number) => void
              ) => write(fd, buffer, at, length >> 1, position, () => done(noSpace(), 0))) as typeof fs.write,
              ftruncateSync: () => {
                throw noSpace()
              }
            })
            yield* Effect.flip(memo.append(keyOf(1), bytes("lost")))
          }))
          yield* memo.append(keyOf(2), bytes("kept"))
        })
      )
      assert.strictEqual(logsOf(root).length, 2)
      yield* session((memo) =>
        Effect.sync(() => assert.deepStrictEqual([memo.size, text(memo.get(keyOf(2)))], [1, "kept"]))
      )
    }).pipe(Effect.provide(temporaryStore)))
})

/** Three frames, their log, and the offsets where they end. */
const threeFrames = () => {
  const frames = [1, 2, 3].map((row) => encodeFrame(Kind.result, keyOf(row), bytes(`value ${row}`)))
  const ends = frames.map((_, i) => frames.slice(0, i + 1).reduce((sum, frame) => sum + frame.length, 0))
  return { log: Buffer.concat(frames), ends }
}

const writeLog = (root: string, log: Uint8Array) => {
  fs.mkdirSync(folderOf(root), { recursive: true })
  fs.writeFileSync(path.join(folderOf(root), "0-other.log"), log)
}

describe("damage", () => {
  it.effect("a log cut at any byte gives the whole frames before the cut, and is not called damaged", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const { ends, log } = threeFrames()
      for (let cut = 0; cut <= log.length; cut++) {
        writeLog(root, log.subarray(0, cut))
        yield* session((memo) =>
          Effect.sync(() => {
            assert.strictEqual(memo.size, ends.filter((end) => end <= cut).length)
            assert.deepStrictEqual(memo.damaged, [])
          })
        )
      }
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("any flipped bit is found: the frame and what follows it are not trusted, and reported", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const { ends, log } = threeFrames()
      for (let bit = 0; bit < log.length * 8; bit += 5) {
        const at = bit >> 3
        const broken = Buffer.from(log)
        broken[at]! ^= 1 << (bit & 7)
        writeLog(root, broken)
        const whole = ends.filter((end) => end <= at)
        yield* session((memo) =>
          Effect.sync(() => {
            assert.strictEqual(memo.size, whole.length)
            const offset = whole.at(-1) ?? 0
            assert.deepStrictEqual(memo.damaged, [{ file: "0-other.log", offset, bytes: log.length - offset }])
          })
        )
      }
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("damage after opening makes a row a miss, not a wrong result", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      writeLog(root, threeFrames().log)
      yield* session((memo) =>
        Effect.sync(() => {
          const broken = threeFrames().log
          broken[headerBytes]! ^= 1
          writeLog(root, broken)
          assert.strictEqual(memo.get(keyOf(1)), undefined)
          assert.strictEqual(text(memo.get(keyOf(2))), "value 2")
          const another = encodeFrame(Kind.result, keyOf(7), bytes("value 7"))
          writeLog(root, Buffer.concat([another, another]))
          assert.strictEqual(memo.get(keyOf(1)), undefined)
        })
      )
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("nobody else's log is changed, and own rows go to a log of their own", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const torn = threeFrames().log.subarray(0, -3)
      writeLog(root, torn)
      yield* appendAll([9])
      assert.isTrue(torn.equals(fs.readFileSync(path.join(folderOf(root), "0-other.log"))))
      assert.strictEqual(logsOf(root).length, 2)
      yield* session((memo) => Effect.sync(() => assert.strictEqual(memo.size, 3)))
    }).pipe(Effect.provide(temporaryStore)))
})

const startAppending = (root: string, first: number, rows: number): ChildProcess =>
  spawn(process.execPath, [
    path.join(import.meta.dirname, "support/appendRows.ts"),
    root,
    rowFunction,
    String(first),
    String(rows)
  ], {
    stdio: ["ignore", "pipe", "inherit"]
  })

describe("several processes", () => {
  it.effect("refresh picks up what others appended, also from a log that was growing", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const { ends, log } = threeFrames()
      yield* session((memo) =>
        Effect.gen(function*() {
          writeLog(root, log.subarray(0, ends[0]! + 20))
          yield* memo.refresh()
          assert.strictEqual(memo.size, 1)
          writeLog(root, log)
          yield* memo.append(keyOf(4), bytes("own"))
          yield* memo.refresh()
          assert.deepStrictEqual([1, 2, 3, 4].map((row) => text(memo.get(keyOf(row)))), [
            "value 1",
            "value 2",
            "value 3",
            "own"
          ])
        })
      )
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("kill -9 while writing loses no acknowledged row", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const child = startAppending(root, 0, 1_000_000)
      let out = ""
      yield* Effect.promise(async () => {
        for await (const piece of child.stdout!) {
          out += piece
          if (out.length > 4000 && !child.killed) child.kill("SIGKILL")
        }
      })
      const acknowledged = out.split("\n").slice(0, -1).map(Number)
      assert.isAbove(acknowledged.length, 500)
      yield* session((memo) =>
        Effect.sync(() => {
          for (const row of acknowledged) {
            assert.strictEqual(text(memo.get(keyOf(row))), `${row} ${"x".repeat(row % 5000)}`)
          }
          assert.deepStrictEqual(memo.damaged, [])
        })
      )
    }).pipe(Effect.provide(temporaryStore)), 60_000)

  it.effect("two processes write one memo at once, rows they share included", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const children = [startAppending(root, 0, 400), startAppending(root, 200, 400)]
      for (const child of children) child.stdout!.resume()
      const exits = yield* Effect.promise(() => Promise.all(children.map((child) => once(child, "exit"))))
      assert.deepStrictEqual(exits.map(([code]) => code), [0, 0])
      assert.strictEqual(logsOf(root).length, 2)
      yield* session((memo) =>
        Effect.sync(() => {
          assert.strictEqual(memo.size, 600)
          for (let row = 0; row < 600; row++) {
            assert.strictEqual(text(memo.get(keyOf(row))), `${row} ${"x".repeat(row % 5000)}`)
          }
        })
      )
    }).pipe(Effect.provide(temporaryStore)), 60_000)
})

describe("KeyIndex", () => {
  it("keeps every key apart, also those that share their first bytes, while it grows", () => {
    const index = new KeyIndex()
    const key = (n: number) => {
      const bytes = new Uint8Array(32)
      new DataView(bytes.buffer).setUint32(28, n)
      return bytes
    }
    for (let n = 0; n < 3000; n++) index.set(key(n), { file: n % 3, offset: n * 2 ** 33, size: n }, false)
    assert.strictEqual(index.size, 3000)
    for (let n = 0; n < 3000; n++) {
      assert.deepStrictEqual(index.get(key(n)), { file: n % 3, offset: n * 2 ** 33, size: n })
    }
    assert.strictEqual(index.get(key(3000)), undefined)
  })
})
