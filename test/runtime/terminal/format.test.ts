/** Numbers as people read them: values by hand, above all where one unit gives way to the next. */
import { assert, describe, it } from "vitest"
import * as format from "../../../runtime/terminal/format.ts"

const table = <A>(show: (value: A) => string, rows: ReadonlyArray<readonly [A, string]>) => {
  for (const [value, text] of rows) assert.strictEqual(show(value), text)
}

describe("format", () => {
  it("durations", () =>
    table(format.duration, [
      [0, "0 s"],
      [0.01, "<0.1 s"],
      [0.3, "0.3 s"],
      [6.31, "6.3 s"],
      [9.96, "10 s"],
      [38, "38 s"],
      [59.4, "59 s"],
      [59.6, "1 m 00 s"],
      [124, "2 m 04 s"],
      [3599.4, "59 m 59 s"],
      [3599.6, "1 h 00 m"],
      [11_520, "3 h 12 m"],
      [47 * 3600, "47 h 00 m"],
      [98 * 3600, "4 d 02 h"]
    ]))

  it("counts", () => {
    table(format.count, [[0, "0"], [999, "999"], [1000, "1,000"], [31_204, "31,204"], [1_234_567, "1,234,567"], [
      61.6,
      "62"
    ]])
    table(format.shortCount, [
      [0, "0"],
      [999, "999"],
      [999.6, "1.0k"],
      [31_204, "31.2k"],
      [99_960, "100k"],
      [312_040, "312k"],
      [999_600, "1.0M"],
      [3_400_000_000, "3.4G"]
    ])
    assert.strictEqual(format.counted(1, "row"), "1 row")
    assert.strictEqual(format.counted(4800, "row"), "4,800 rows")
  })

  it("rates", () =>
    table(format.rate, [
      [0, "0.0/h"],
      [31_204, "31.2k/s"],
      [99.96, "100/s"],
      [12.5, "12.5/s"],
      [0.07, "4.2/min"],
      [0.0002, "0.7/h"]
    ]))

  it("dollars", () =>
    table(format.dollars, [
      [0, "$0"],
      [0.004, "<$0.01"],
      [0.42, "$0.42"],
      [12.3, "$12.30"],
      [99.99, "$99.99"],
      [99.996, "$100"],
      [1203.4, "$1,203"]
    ]))

  it("ranges say one number where both ends read the same", () => {
    assert.strictEqual(format.range(38, 11_520, format.duration), "38 s – 3 h 12 m")
    assert.strictEqual(format.range(0.421, 0.424, format.dollars), "$0.42")
  })
})
