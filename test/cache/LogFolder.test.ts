/**
 * Folders of logs: group commit, cuts and flipped bits in logs and indexes, memory budgets, and merging under readers.
 */
import { deepStrictEqual } from "node:assert"
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { crc32 as zlibCrc32 } from "node:zlib"
import { holderText } from "../../cache/Holder.ts"
import { crc32 } from "../../cache/log/crc32.ts"
import { Kind } from "../../cache/log/Frame.ts"
import { frameOf, keyOf, Place, type Reading } from "./support/logFolder.ts"

let place: Place
const open: Array<Reading> = []
const reading = (budget?: number) => {
  const made = place.open(budget)
  open.push(made)
  return made
}
/** Closes as the end of a process does. */
const close = async (reader: Reading) => {
  open.splice(open.indexOf(reader), 1)
  await reader.logs.close()
}

beforeEach(() => void (place = new Place()))
afterEach(async () => {
  while (open.length > 0) await close(open[0]!)
  place.remove()
})

const rows = (count: number) => Array.from({ length: count }, (_, row) => row)
const payloadOf = (row: number) => `payload of row ${row} ${"x".repeat((row * 37) % 300)}`

/** Over 256 KiB, so that it gets an index: closed by its writer. */
const largeLog = async (count = 2000) => {
  const writer = reading()
  for (const row of rows(count)) void writer.append(row, payloadOf(row))
  await writer.logs.flush()
  await close(writer)
  return join(place.folder, place.names()[0]!)
}

it("crc32 is that of zlib for every length and position", () => {
  const bytes = Buffer.from(rows(700).map((i) => (i * i * 31) & 255))
  for (const from of [0, 1, 3, 8]) {
    for (let to = from; to < 700; to++) assert.strictEqual(crc32(bytes, from, to), zlibCrc32(bytes.subarray(from, to)))
  }
})

describe("a writer", () => {
  it("shows a frame at once, to others once its group is written, and shares one promise and one sync a group", async () => {
    let syncs = 0
    const { fdatasync } = fs
    fs.fdatasync = ((fd, done) => {
      syncs++
      fdatasync(fd, done)
    }) as typeof fs.fdatasync
    syncBuiltinESMExports()
    try {
      const writer = reading()
      const reader = reading()
      const promises = new Set(rows(500).map((row) => writer.append(row, payloadOf(row))))
      assert.strictEqual(promises.size, 1)
      assert.deepStrictEqual(writer.of(3), [payloadOf(3)])
      reader.logs.refresh()
      assert.deepStrictEqual(reader.of(3), [])
      await [...promises][0]
      reader.logs.refresh()
      for (const row of rows(500)) assert.deepStrictEqual(reader.of(row), [payloadOf(row)])
      assert.strictEqual(syncs, 1)
    } finally {
      fs.fdatasync = fdatasync
      syncBuiltinESMExports()
    }
  })

  it("takes frames of any size, also across blocks and larger than one", async () => {
    const writer = reading()
    const sizes = [0, 1, 262_000, 200, 262_144, 1_000_000, 5, 600_000]
    for (const [row, size] of sizes.entries()) void writer.append(row, `${row}`.repeat(size).slice(0, size))
    for (const [row, size] of sizes.entries()) assert.strictEqual(writer.of(row)[0]!.length, size)
    await writer.logs.flush()
    const reader = reading()
    for (const [row, size] of sizes.entries()) {
      assert.strictEqual(reader.of(row)[0], `${row}`.repeat(size).slice(0, size))
    }
  })

  it("that cannot write rejects what was not durable, takes it back, says so once, and goes on in another log", async () => {
    const writer = reading()
    await writer.append(1, "before")
    const { writev } = fs
    fs.writev =
      ((_fd: number, _pieces: unknown, _at: number, done: (error: Error) => void) =>
        setImmediate(() => done(Object.assign(new Error("ENOSPC"), { code: "ENOSPC" })))) as unknown as typeof fs.writev
    syncBuiltinESMExports()
    const lost = [writer.append(2, "lost"), writer.append(3, "lost")]
    for (const each of lost) assert.strictEqual((await each.then(() => undefined, (error) => error)).code, "ENOSPC")
    fs.writev = writev
    syncBuiltinESMExports()
    assert.deepStrictEqual([1, 2, 3].map((row) => writer.of(row)), [["before"], [], []])
    assert.strictEqual((await writer.logs.flush().then(() => undefined, (error) => error)).code, "ENOSPC")
    await writer.logs.flush()
    await writer.append(2, "after")
    assert.strictEqual(place.names().length, 2)
    const reader = reading()
    assert.deepStrictEqual([1, 2, 3].map((row) => reader.of(row)), [["before"], ["after"], []])
  })

  it("whose log was removed meanwhile does not acknowledge what nobody will find", async () => {
    const writer = reading()
    await writer.append(1, "kept")
    fs.rmSync(join(place.folder, place.names()[0]!))
    const error = await writer.append(2, "lost").then(() => undefined, (error) => error)
    assert.strictEqual(error.code, "ENOENT")
    await writer.append(2, "again")
    assert.deepStrictEqual(reading().of(2), ["again"])
  })
})

it("a log that grows byte by byte shows each frame when it is whole, and is never called damaged", () => {
  const frames = [1, 2, 3].map((row) => frameOf(row, payloadOf(row)))
  const whole = Buffer.concat(frames)
  const ends = frames.map((_, i) => Buffer.concat(frames.slice(0, i + 1)).length)
  const living = reading() // its log's name is that of a writer that lives
  void living.append(9, "begun")
  const file = join(place.folder, `0000000001-${holderText(living.logs.self.holder)}.log`)
  const reader = reading()
  for (let length = 0; length <= whole.length; length++) {
    fs.writeFileSync(file, whole.subarray(0, length))
    reader.logs.refresh()
    assert.deepStrictEqual(
      [1, 2, 3].map((row) => reader.of(row)),
      ends.map((end, i) => end <= length ? [payloadOf(i + 1)] : [])
    )
  }
  assert.deepStrictEqual(reader.logs.damaged, [])
})

describe("memory", () => {
  it.each([0, 1 << 18, 1 << 20])("of %i bytes is enough to read everything, in order and out of it", async (budget) => {
    const file = await largeLog(4000)
    assert.isAbove(fs.statSync(file).size, 3 * (1 << 18))
    for (const withIndex of [true, false]) {
      if (!withIndex) fs.rmSync(`${file}.idx`)
      const reader = reading(budget)
      for (const row of rows(4000)) assert.deepStrictEqual(reader.of(row), [payloadOf(row)])
      for (const row of rows(4000)) {
        const shuffled = (row * 2707) % 4000
        assert.deepStrictEqual(reader.of(shuffled), [payloadOf(shuffled)])
      }
    }
  }, 120_000)

  it("of a writer without any is enough as well", async () => {
    const writer = reading(0)
    for (const row of rows(4000)) void writer.append(row, payloadOf(row))
    await writer.logs.flush()
    for (const row of rows(4000)) assert.deepStrictEqual(writer.of(row), [payloadOf(row)])
  }, 120_000)
})

describe("an index", () => {
  it("lets a log be opened without reading payloads, and payloads be checked when they are read", async () => {
    const file = await largeLog()
    const bytes = fs.readFileSync(file)
    const at = bytes.indexOf("payload of row 3 ")
    bytes[at]! ^= 1
    fs.writeFileSync(file, bytes)
    const reader = reading()
    assert.deepStrictEqual(reader.logs.damaged, [])
    assert.deepStrictEqual(reader.of(3), [undefined])
    assert.deepStrictEqual(reader.of(4), [payloadOf(4)])
    assert.deepStrictEqual(reader.logs.damaged.map(({ offset }) => offset), [at - 45])
    // Found out: the next reader reads the log itself, and the next index leaves the frame out.
    assert.deepStrictEqual(place.names(".idx"), [])
    for (const each of [reading(), reading()]) {
      assert.deepStrictEqual([3, 4].map((row) => each.of(row)), [[], [payloadOf(4)]])
      assert.deepStrictEqual(each.logs.damaged.map(({ offset }) => offset), [at - 45])
      assert.strictEqual(place.names(".idx").length, 1)
    }
  })

  it("that is missing, cut, flipped anywhere, or of another log is made again from the log", async () => {
    const file = await largeLog()
    const index = `${file}.idx`
    const whole = fs.readFileSync(index)
    const harms: ReadonlyArray<(bytes: Buffer) => Buffer> = [
      () => Buffer.alloc(0),
      (bytes) => bytes.subarray(0, -1),
      (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]),
      ...[0, 4, 9, 20, 40_000, 64_017, 72_030, whole.length - 1].map((at) => (bytes: Buffer) => {
        bytes[at]! ^= 16
        return bytes
      })
    ]
    for (const harm of harms) {
      fs.writeFileSync(index, harm(Buffer.from(whole)))
      const reader = reading()
      for (const row of rows(2000)) assert.deepStrictEqual(reader.of(row), [payloadOf(row)])
      assert.isTrue(whole.equals(fs.readFileSync(index)))
    }
    fs.writeFileSync(file, fs.readFileSync(file).subarray(0, 300_000))
    assert.isAbove(reading().size, 1000, "the index is that of a longer log")
  }, 120_000)

  it("of a log that grew since covers what it says, and the rest is read", async () => {
    const file = await largeLog()
    fs.appendFileSync(file, frameOf(5000, "behind the index"))
    const reader = reading()
    assert.deepStrictEqual(reader.of(5000), ["behind the index"])
    assert.deepStrictEqual(reader.of(7), [payloadOf(7)])
  })

  it("that cannot be written is no failure", async () => {
    const { writeSync } = fs
    const writer = reading()
    for (const row of rows(2000)) void writer.append(row, payloadOf(row))
    await writer.logs.flush()
    let refused = 0
    fs.writeSync = () => {
      refused++
      throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" })
    }
    syncBuiltinESMExports()
    try {
      await close(writer)
    } finally {
      fs.writeSync = writeSync
      syncBuiltinESMExports()
    }
    assert.strictEqual(refused, 1)
    assert.deepStrictEqual(place.names(".idx"), [])
    assert.deepStrictEqual(fs.readdirSync(place.folder), place.names())
    assert.deepStrictEqual(reading().of(7), [payloadOf(7)])
  })
})

describe("merging", () => {
  const many = 40
  /** One small log a row, all of writers that are gone, and one more frame each for row 1000. */
  const writeMany = (from = 0) =>
    rows(many).map((row) =>
      place.write(from + row, frameOf(row, payloadOf(row)), frameOf(1000, `try ${row}`, Kind.failure))
    )

  it("leaves one log that says the same, with the first result of a key, the last replacement, and failures without one", async () => {
    writeMany()
    place.write(50, frameOf(0, "late"), frameOf(1, "instead", Kind.replacement), frameOf(2000, "broken", Kind.failure))
    place.write(
      51,
      frameOf(2000, "whole"),
      frameOf(1, "instead again", Kind.replacement),
      frameOf(7, "a blob", Kind.blob)
    )
    const writer = reading()
    await writer.append(3000, "own")
    assert.strictEqual(place.names().length, 2)
    assert.match(place.names()[0]!, /^0000000051-.*~\.log$/)
    const reader = reading()
    assert.deepStrictEqual(reader.of(0), [payloadOf(0)])
    assert.deepStrictEqual(reader.of(1), ["instead again"])
    assert.deepStrictEqual(reader.of(1000), rows(many).map((row) => `try ${row}`))
    assert.deepStrictEqual(reader.of(2000), ["whole"])
    assert.sameMembers([...reader.of(7)], [payloadOf(7), "a blob"])
    assert.deepStrictEqual(reader.of(3000), ["own"])
  })

  it("disturbs no reader: not one that had the logs open, nor one that had only listed them", async () => {
    writeMany()
    const before = reading(0)
    const { openSync } = fs
    const writer = reading()
    let merged = false
    fs.openSync = ((file: string, ...rest: [string]) => {
      if (!merged && file.endsWith(".log")) {
        merged = true
        void writer.append(3000, "own")
      }
      return openSync(file, ...rest)
    }) as typeof fs.openSync
    syncBuiltinESMExports()
    let between: Reading
    try {
      between = reading()
    } finally {
      fs.openSync = openSync
      syncBuiltinESMExports()
    }
    assert.isTrue(merged)
    await writer.logs.flush()
    assert.strictEqual(place.names().length, 2)
    for (const reader of [before, between]) {
      reader.logs.refresh()
      for (const row of rows(many)) assert.deepStrictEqual(reader.of(row), [payloadOf(row)])
      assert.strictEqual(reader.of(1000).length, many, "nothing was read twice")
      assert.deepStrictEqual(reader.of(3000), ["own"])
    }
  })

  it("leaves alone what somebody who lives may still write, and what is large", async () => {
    const living = reading()
    await living.append(9000, "mine")
    writeMany(2_000_000_000)
    const large = place.write(2_000_000_015, Buffer.concat(rows(90).map((row) => frameOf(row, "l".repeat(100_000)))))
    const writer = reading()
    await writer.append(3000, "own")
    await living.append(9001, "mine too")
    const names = place.names()
    assert.include(names, large)
    assert.isBelow(names.length, many)
    const reader = reading()
    assert.deepStrictEqual([9000, 9001, 3000].map((row) => reader.of(row)), [["mine"], ["mine too"], ["own"]])
    for (const row of rows(many)) assert.include(reader.of(row), payloadOf(row))
  })

  it("takes logs of another machine, or of another start of this one, when they were not touched for a day", async () => {
    const names = rows(many).map((row) => place.writeAs({ machine: "0e15e" }, row, frameOf(row, payloadOf(row))))
    await reading().append(3000, "own")
    assert.strictEqual(place.names().length, many + 1)
    const before = Date.now() / 1000 - 25 * 3600
    for (const name of names) fs.utimesSync(join(place.folder, name), before, before)
    await reading().append(3001, "own")
    assert.strictEqual(place.names().length, 3)
    const reader = reading()
    for (const row of rows(many)) assert.deepStrictEqual(reader.of(row), [payloadOf(row)])
  })

  it("keeps the bytes of a damaged log in quarantine", async () => {
    const names = writeMany()
    const file = join(place.folder, names[3]!)
    const bytes = fs.readFileSync(file)
    bytes[50]! ^= 1
    fs.writeFileSync(file, bytes)
    const writer = reading()
    await writer.append(3000, "own")
    deepStrictEqual(fs.readdirSync(place.quarantine), [`log-${names[3]}`])
    assert.isTrue(bytes.equals(fs.readFileSync(join(place.quarantine, `log-${names[3]}`))))
    const reader = reading()
    assert.deepStrictEqual(reader.of(3), [])
    assert.deepStrictEqual(reader.of(4), [payloadOf(4)])
  })

  it("that was killed before the old logs were gone changes nothing", async () => {
    const names = writeMany()
    const kept = names.map((name) => [name, fs.readFileSync(join(place.folder, name))] as const)
    const writer = reading()
    await writer.append(3000, "own")
    for (const [name, bytes] of kept) fs.writeFileSync(join(place.folder, name), bytes)
    fs.writeFileSync(join(place.folder, "0.merging"), "half")
    const reader = reading()
    for (const row of rows(many)) assert.deepStrictEqual(reader.of(row), [payloadOf(row)])
    const next = reading()
    await next.append(3001, "next")
    assert.strictEqual(place.names().length, 3)
    assert.deepStrictEqual(place.names(".merging"), [])
    assert.strictEqual(reading().of(1000).length, many)
  })
})

it("keys are compared with what is in the log, so that an index cannot give one row the result of another", async () => {
  const file = await largeLog()
  const bytes = fs.readFileSync(file)
  const [one, other] = [5, 6].map((row) => bytes.indexOf(keyOf(row)))
  keyOf(6).copy(bytes, one)
  keyOf(5).copy(bytes, other)
  fs.writeFileSync(file, bytes)
  const reader = reading()
  assert.deepStrictEqual([5, 6].map((row) => reader.of(row)), [[undefined], [undefined]])
})
