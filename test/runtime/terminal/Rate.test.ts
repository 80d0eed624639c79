/** The rate: exact for steady work, forgetful of the past, falling by itself in a stall. */
import { assert, describe, it } from "vitest"
import { Rate } from "../../../runtime/terminal/Rate.ts"

describe("Rate", () => {
  it("is that of steady work, whatever was done before", () => {
    const rate = new Rate(0, 5000)
    for (let ms = 10; ms <= 60_000; ms += 10) rate.observe(ms, 5000 + ms / 100)
    assert.approximately(rate.perSecond(60_000), 10, 0.01)
  })

  it("follows a change within its memory and falls in a stall", () => {
    const rate = new Rate(0, 0)
    let done = 0
    const work = (fromMs: number, toMs: number, perSecond: number) => {
      for (let ms = fromMs + 100; ms <= toMs; ms += 100) rate.observe(ms, done += perSecond / 10)
    }
    work(0, 300_000, 10)
    work(300_000, 330_000, 40)
    // after one memory of 30 s the old rate counts 1/e: 10/e + 40 (1 - 1/e)
    assert.approximately(rate.perSecond(330_000), 10 / Math.E + 40 * (1 - 1 / Math.E), 0.1)
    const before = rate.perSecond(330_000)
    assert.approximately(rate.perSecond(360_000), before / Math.E, 0.01)
  })

  it("is zero before any time has passed", () => {
    const rate = new Rate(7, 0)
    rate.observe(7, 3)
    assert.strictEqual(rate.perSecond(7), 0)
  })
})
