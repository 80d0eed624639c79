/**
 * The row log against cuts, flipped bits, kills and other processes: what was acknowledged is there, what is torn or
 * damaged is not, and every process sees every row.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import fs from "node:fs"
import * as path from "node:path"
import { encodeFrame, headerBytes, Kind } from "../../cache/memo/Frame.ts"
import { KeyIndex } from "../../cache/memo/KeyIndex.ts"
import * as Store from "../../cache/Store.ts"
import { bytes, folderOf, keyOf, logsOf, rowFunction, session, text, writeLog } from "./support/memoSession.ts"
import { temporaryStore } from "./support/tempStore.ts"

/** Three frames, their log, and the offsets where they end. */
const threeFrames = () => {
  const frames = [1, 2, 3].map((row) => encodeFrame(Kind.result, keyOf(row), bytes(`value ${row}`)))
  const ends = frames.map((_, i) => frames.slice(0, i + 1).reduce((sum, frame) => sum + frame.length, 0))
  return { log: Buffer.concat(frames), ends }
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
      yield* session((memo) => memo.append(keyOf(9), bytes("value 9")))
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
