/**
 * Who works on which rows of a memo: batches are divided among memos, in one process or several, until a result, a
 * failure, a release or an end; and a memo's interface for many rows at once.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import fs from "node:fs"
import * as path from "node:path"
import * as Store from "../../cache/Store.ts"
import { DiskFull } from "../../cache/StoreFailed.ts"
import { folderOf, keyOf, keysOf, logsOf, rowFunction, session, text } from "./support/memoSession.ts"
import { noSpace, replaceFs, temporaryFolder, temporaryStore } from "./support/tempStore.ts"

const rows = Array.from({ length: 10 }, (_, row) => row)
const keys = keysOf(rows)
const payload = (row: number) => Buffer.from(`value ${row}`)

const openMemo = Effect.flatMap(Store.Store, (store) => store.openMemo(rowFunction))

describe("many rows at once", () => {
  it.effect("are found and read by entry, keep their entries, and share a promise a commit", () =>
    Effect.gen(function*() {
      yield* session((memo) =>
        Effect.gen(function*() {
          const scratch = Buffer.alloc(7)
          const promises = new Set(rows.map((row) => {
            scratch.write(`value ${row}`)
            return memo.put(keys, row, scratch)
          }))
          assert.strictEqual(promises.size, 1)
          const entries = rows.map((row) => memo.find(keys, row))
          assert.strictEqual(new Set(entries).size, 10)
          yield* Effect.promise(() => memo.put(keys, 3, Buffer.from("other"), { replace: true }))
          yield* Effect.promise(() => memo.put(keys, 4, Buffer.from("late")))
          assert.deepStrictEqual(rows.map((row) => memo.find(keys, row)), entries)
          assert.deepStrictEqual(
            entries.map((entry) => text(memo.payload(entry))),
            rows.map((row) => row === 3 ? "other" : `value ${row}`)
          )
          assert.strictEqual(memo.find(keysOf([99]), 0), -1)
          assert.strictEqual(memo.size, 10)
        })
      )
      yield* session((memo) => Effect.sync(() => assert.strictEqual(text(memo.get(keyOf(3))), "other")))
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("that could not be written are rows without a result", () =>
    session((memo) =>
      Effect.gen(function*() {
        yield* replaceFs({
          writev: ((_: number, __: unknown, ___: number, done: (error: Error) => void) =>
            setImmediate(() =>
              done(noSpace())
            )) as unknown as typeof fs.writev
        })
        const lost = memo.put(keys, 1, payload(1))
        const failure = yield* Effect.promise(() => lost.then(() => undefined, (error) => error))
        assert.strictEqual(failure.code, "ENOSPC")
        assert.strictEqual(memo.find(keys, 1), -1)
        assert.instanceOf(yield* Effect.flip(memo.flush()), DiskFull)
      }).pipe(Effect.scoped)
    ).pipe(Effect.provide(temporaryStore)))
})

describe("two memos in one process", () => {
  it.effect("divide rows, and learn of results, failures and releases of each other", () =>
    Effect.gen(function*() {
      const one = yield* openMemo
      const two = yield* openMemo
      assert.deepStrictEqual(one.claim(keys, [0, 1, 2, 3, 4]), { mine: [0, 1, 2, 3, 4], theirs: [] })
      assert.deepStrictEqual(two.claim(keys, rows), { mine: [5, 6, 7, 8, 9], theirs: [0, 1, 2, 3, 4] })
      yield* Effect.promise(() => one.put(keys, 0, payload(0)))
      yield* Effect.promise(() => one.putFailure(keys, 1, Buffer.from("429")))
      one.release(keys, [2])
      assert.deepStrictEqual(two.claim(keys, [0, 1, 2, 3, 4]), { mine: [1, 2], theirs: [3, 4] })
      assert.strictEqual(text(two.payload(two.find(keys, 0))), "value 0")
      assert.strictEqual(two.failures.get(keyOf(1))?.attempts, 1)
      assert.deepStrictEqual(one.claim(keys, [1, 2, 3]), { mine: [3], theirs: [1, 2] })
    }).pipe(Effect.scoped, Effect.provide(temporaryStore)))

  it.effect("free each other's rows when they close, and leave no book behind", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const two = yield* openMemo
      yield* Effect.scoped(Effect.gen(function*() {
        const one = yield* openMemo
        one.claim(keys, rows)
        void one.put(keys, 9, payload(9))
        assert.deepStrictEqual(two.claim(keys, rows).mine, [])
      }))
      assert.deepStrictEqual(two.claim(keys, rows), { mine: rows.slice(0, 9), theirs: [] })
      assert.strictEqual(logsOf(root).filter((name) => name.endsWith(".claims")).length, 1)
      assert.notInclude(logsOf(root), "lock")
    }).pipe(Effect.scoped, Effect.provide(temporaryStore)))
})

it.effect("a cache that cannot be written to claims everything that has no result", () =>
  Effect.gen(function*() {
    yield* session((memo) => Effect.promise(() => memo.put(keys, 0, payload(0))))
    const memo = yield* openMemo
    yield* replaceFs({
      linkSync: () => {
        throw Object.assign(new Error("EROFS"), { code: "EROFS" })
      },
      writeFileSync: () => {
        throw Object.assign(new Error("EROFS"), { code: "EROFS" })
      }
    })
    assert.deepStrictEqual(memo.claim(keys, rows), { mine: rows.slice(1), theirs: [] })
    memo.release(keys, rows)
  }).pipe(Effect.scoped, Effect.provide(temporaryStore)))

const startClaiming = (root: string, first: number, count: number, file: string): ChildProcess =>
  spawn(process.execPath, [
    path.join(import.meta.dirname, "support/claimRows.ts"),
    root,
    rowFunction,
    String(first),
    String(count),
    file
  ], { stdio: ["ignore", "inherit", "inherit"] })

const linesOf = (file: string) =>
  fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number) : []

describe("two processes", () => {
  it.effect("that want overlapping rows work on each once in total", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const file = path.join(yield* temporaryFolder, "worked")
      const children = [startClaiming(root, 0, 3000, file), startClaiming(root, 1000, 3000, file)]
      const exits = yield* Effect.promise(() => Promise.all(children.map((child) => once(child, "exit"))))
      assert.deepStrictEqual(exits.map(([code]) => code), [0, 0])
      assert.deepStrictEqual(linesOf(file).sort((a, b) => a - b), Array.from({ length: 4000 }, (_, row) => row))
      yield* session((memo) =>
        Effect.sync(() => {
          assert.strictEqual(memo.size, 4000)
          for (let row = 0; row < 4000; row++) assert.strictEqual(text(memo.get(keyOf(row))), `value ${row}`)
        })
      )
      assert.deepStrictEqual(logsOf(root).filter((name) => !name.endsWith(".log")), [])
    }).pipe(Effect.scoped, Effect.provide(temporaryStore)), 60_000)

  it.effect(
    "one of which is killed: the other does what it had claimed and not finished",
    () =>
      Effect.gen(function*() {
        const { root } = yield* Store.Store
        const folder = yield* temporaryFolder
        const [killed, other] = [path.join(folder, "killed"), path.join(folder, "other")]
        const first = startClaiming(root, 0, 1_000_000, killed)
        while (linesOf(killed).length < 500) {
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        }
        first.kill("SIGSTOP") // alive: its rows are not taken from it
        const count = linesOf(killed).length + 500 // more than it can have claimed
        const wanted = Array.from({ length: count }, (_, row) => row)
        const { mine, theirs } = yield* session((memo) => Effect.sync(() => memo.claim(keysOf(wanted), wanted)))
        assert.isAbove(mine.length, 0)
        first.kill("SIGKILL")
        yield* Effect.promise(() => once(first, "exit"))
        assert.isTrue(fs.existsSync(folderOf(root)))
        const second = startClaiming(root, 0, count, other)
        const [code] = yield* Effect.promise(() => once(second, "exit"))
        assert.strictEqual(code, 0)
        const again = linesOf(other)
        assert.strictEqual(new Set(again).size, again.length)
        for (const row of theirs) assert.include(again, row)
        yield* session((memo) => Effect.sync(() => assert.strictEqual(memo.size, count)))
        assert.deepStrictEqual(logsOf(root).filter((name) => !name.endsWith(".log")), [])
      }).pipe(Effect.scoped, Effect.provide(temporaryStore)),
    60_000
  )
})
