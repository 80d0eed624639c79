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
import { encodeFrame, headerBytes, Kind } from "../../cache/log/Frame.ts"
import { KeyTable } from "../../cache/log/KeyTable.ts"
import { SealedIndex } from "../../cache/log/SealedIndex.ts"
import * as Store from "../../cache/Store.ts"
import { bytes, folderOf, keyOf, keysOf, logsOf, rowFunction, session, text, writeLog } from "./support/memoSession.ts"
import { random } from "./support/randomTables.ts"
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

  it.effect("any flipped bit is found and costs the frame it lies in, not those behind it", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const { ends, log } = threeFrames()
      for (let bit = 0; bit < log.length * 8; bit += 5) {
        const at = bit >> 3
        const broken = Buffer.from(log)
        broken[at]! ^= 1 << (bit & 7)
        writeLog(root, broken)
        const hit = ends.findIndex((end) => at < end)
        yield* session((memo) =>
          Effect.sync(() => {
            const found = [1, 2, 3].map((row) => text(memo.get(keyOf(row))))
            assert.deepStrictEqual(found, [1, 2, 3].map((row) => row === hit + 1 ? undefined : `value ${row}`))
            const offset = ends[hit - 1] ?? 0
            assert.deepStrictEqual(memo.damaged, [{ file: "0-other.log", offset, bytes: ends[hit]! - offset }])
          })
        )
      }
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("a row whose result was damaged is there again for all once it was computed anew", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const broken = threeFrames().log
      broken[headerBytes]! ^= 1
      writeLog(root, broken)
      yield* session((memo) => memo.append(keyOf(1), bytes("value 1")))
      yield* session((memo) => Effect.sync(() => assert.strictEqual(text(memo.get(keyOf(1))), "value 1")))
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

describe("an index", () => {
  it.effect("of a log opens it to the same rows as the log itself, whatever lies in between them", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const from = random(5)
      const kinds = [Kind.result, Kind.result, Kind.result, Kind.failure, Kind.replacement]
      const index = new SealedIndex()
      const frames: Array<Buffer> = []
      for (let frame = 0, offset = 0; frame < 4000; frame++) {
        // long runs of results, then others between them; some rows have several frames
        const kind = frame % 1000 < 700 ? Kind.result : from.pick(kinds)
        const key = keyOf(from.int(3000))
        frames.push(encodeFrame(kind, key, bytes(`payload ${frame} `.repeat(8))))
        index.add(kind, Buffer.from(key, "hex"), 0, offset, frames.at(-1)!.length)
        offset += frames.at(-1)!.length
      }
      writeLog(root, Buffer.concat(frames))
      const rows = [...Array(3000).keys()]
      const keys = keysOf(rows)
      const seen = session((memo) =>
        Effect.sync(() => {
          const entries = Int32Array.from(rows, (row) => memo.find(keys, row))
          const located = rows.map((_, k) => {
            if (k % 256 === 0) memo.lookAhead(entries, k, Math.min(k + 256, rows.length))
            const payload = entries[k]! < 0 ? undefined : text(memo.payload(entries[k]!))
            const at = entries[k]! < 0 ? -1 : memo.locate(entries[k]!)
            const length = payload?.length ?? 0
            assert.strictEqual(at < 0 ? undefined : text(memo.located.subarray(at, at + length)), payload)
            return payload
          })
          const failures = [...memo.failures].map(([key, { attempts, last }]) => [key, attempts, text(last)])
          return { located, failures, size: memo.size }
        })
      )
      const scanned = yield* seen
      index.write(path.join(folderOf(root), "0-other.log.idx"))
      assert.deepStrictEqual(yield* seen, scanned)
      assert.isAbove(scanned.failures.length, 0)
      assert.isAbove(scanned.size, 1000)
    }).pipe(Effect.provide(temporaryStore)))
})

describe("KeyTable", () => {
  it("finds and adds many keys in order as it does one by one", () => {
    const count = 25_000
    const from = random(3)
    const keys = keysOf(Array.from({ length: count }, () => from.int(2 * count))) // some twice
    const one = new KeyTable(32)
    const all = new KeyTable(32)
    const entries = new Uint32Array(count)
    const expected = Array.from({ length: count }, (_, n) => one.add(keys, n * 32))
    all.addAll(keys, 0, count, entries)
    assert.isTrue(expected.every((entry, n) => entries[n] === entry))
    assert.isBelow(one.size, count)
    for (const table of [one, all]) {
      const odd = new Uint8Array(keys.length + 1)
      odd.set(keys, 1)
      for (const asked of [keys, odd.subarray(1), Buffer.from(keys.subarray(32 * 7))]) {
        const skipped = (keys.length - asked.length) / 32
        for (let n = 0; n + skipped < count; n++) {
          if (table.find(asked, n * 32) !== expected[n + skipped]) assert.fail(`key ${n}`)
        }
      }
    }
    const others = new KeyTable(32)
    others.addAll(keys.subarray(32 * 15_000), 0, 10_000, entries)
    let strange = 0
    for (let n = 0; n < count; n++) if (others.find(keys, n * 32) < 0) strange++
    const known = new Set(expected.slice(15_000))
    assert.strictEqual(strange, expected.filter((entry) => !known.has(entry)).length)
  })

  it("keeps every key apart, also those that share their first words, at any address, while it grows", () => {
    const table = new KeyTable(32)
    const keys = new Uint8Array(3001 * 37)
    const view = new DataView(keys.buffer)
    for (let n = 0; n <= 3000; n++) view.setUint32(n * 37 + 28, n)
    for (let n = 0; n < 3000; n++) assert.strictEqual(table.add(keys, n * 37), n)
    for (let n = 0; n < 3000; n++) {
      assert.strictEqual(table.add(keys, n * 37), n)
      assert.strictEqual(table.find(keys, n * 37), n)
    }
    assert.strictEqual(table.size, 3000)
    assert.strictEqual(table.find(keys, 3000 * 37), -1)
  })
})
