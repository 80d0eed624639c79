/**
 * Ages and sizes as people write and read them.
 */
import { assert, describe, it } from "vitest"
import { bytesText, parseAge, parseBytes } from "../../../runtime/care/amounts.ts"
import { byteProgress } from "../../../runtime/care/byteProgress.ts"

describe("amounts", () => {
  it("are read with their units, and nothing else is", () => {
    assert.deepStrictEqual(["30d", "12h", "2w", "0d", "90 min", "1.5D"].map(parseAge), [
      30 * 86_400_000,
      12 * 3_600_000,
      14 * 86_400_000,
      0,
      5_400_000,
      129_600_000
    ])
    assert.deepStrictEqual(["20GB", "500 mb", "1.5TB", "1GiB", "512", "3k"].map(parseBytes), [
      20e9,
      500e6,
      1.5e12,
      2 ** 30,
      512,
      3000
    ])
    for (const text of ["", "d", "30", "30x", "-3d", "1e3d"]) {
      assert.throws(() => parseAge(text), /an age, for example 30d/)
    }
    for (const text of ["", "GB", "20XB", "-1GB"]) assert.throws(() => parseBytes(text), /a size, for example 20GB/)
  })

  it("are written with three digits at most", () => {
    assert.deepStrictEqual([0, 999, 1000, 31_240, 99_960, 999_499, 999_500, 1e12, 5e15].map(bytesText), [
      "0 B",
      "999 B",
      "1.0 kB",
      "31.2 kB",
      "100 kB",
      "999 kB",
      "1.0 MB",
      "1.0 TB",
      "5000 TB"
    ])
  })
})

describe("progress over bytes", () => {
  const show = (isTTY: boolean, times: ReadonlyArray<number>) => {
    let written = ""
    let nowMs = 0
    const progress = byteProgress({
      doing: "verifying",
      stream: { isTTY, write: (text) => void (written += text) },
      now: () => nowMs
    })
    for (const [i, time] of times.entries()) {
      nowMs = time
      progress.show(1000 * (i + 1), 5000)
    }
    progress.end()
    return written
  }

  it("is one line written over on a terminal, at most five times a second, and gone in the end", () => {
    const written = show(true, [100, 250, 300, 500])
    assert.strictEqual(written, "\r\x1b[2Kverifying: 2.0 kB of 5.0 kB\r\x1b[2Kverifying: 4.0 kB of 5.0 kB\r\x1b[2K")
  })

  it("is a line every five seconds in a file, and nothing for short work", () => {
    assert.strictEqual(show(false, [1000, 4999]), "")
    assert.strictEqual(show(false, [5000, 6000, 10_000]), "verifying: 1.0 kB of 5.0 kB\nverifying: 3.0 kB of 5.0 kB\n")
  })
})
