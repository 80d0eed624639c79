/** The key-value cache: where tokens lie after writing, moving and resizing, worked by hand. */
import * as runtime from "onnxruntime-node"
import { assert, describe, it } from "vitest"
import { KeyValueCache } from "../../models/decode/KeyValueCache.ts"
import { tinyConfig } from "./loadFixtures.ts"

const config = { ...tinyConfig, layers: 1, kvHeads: 2, headDim: 2 }

/** Token `n` has keys `[10n, 10n + 1]` in head 0 and `[10n + 2, 10n + 3]` in head 1, values a thousand more. */
const tokens = (numbers: ReadonlyArray<number>) => {
  const keys = numbers.flatMap((n) => [0, 1, 2, 3].map((i) => 10 * n + i))
  return { length: numbers.length, data: Float32Array.from([...keys, ...keys.map((key) => key + 1000)]) }
}

/** What the graph is given as positions `from` to `to` of a row's head, keys and values. */
const read = (cache: KeyValueCache, row: number, head: number, from: number, to: number) => {
  const feeds = cache.feeds(cache.rows)
  return ["past_keys_0", "past_values_0"].map((name) => {
    const { data, dims } = feeds[name]!
    assert.deepStrictEqual(dims, [cache.rows, 2, cache.capacity, 2])
    const start = (row * 2 + head) * cache.capacity
    return [...(data as Float32Array).subarray((start + from) * 2, (start + to) * 2)]
  })
}

describe("KeyValueCache", () => {
  it("puts each head's tokens one after the other", () => {
    const cache = new KeyValueCache(runtime, config, 2)
    cache.write(1, 0, tokens([1, 2]))
    cache.write(1, 2, tokens([7, 8, 9]), 1, 1)
    assert.deepStrictEqual(read(cache, 1, 0, 0, 4), [[10, 11, 20, 21, 80, 81, 0, 0], [
      1010,
      1011,
      1020,
      1021,
      1080,
      1081,
      0,
      0
    ]])
    assert.deepStrictEqual(read(cache, 1, 1, 0, 3), [[12, 13, 22, 23, 82, 83], [1012, 1013, 1022, 1023, 1082, 1083]])
    assert.deepStrictEqual(read(cache, 0, 1, 0, 1), [[0, 0], [0, 0]])
  })

  it("moves a row's first tokens to another row", () => {
    const cache = new KeyValueCache(runtime, config, 3)
    cache.write(2, 0, tokens([1, 2, 3]))
    cache.write(0, 0, tokens([4, 5, 6]))
    cache.move(2, 0, 2)
    assert.deepStrictEqual(read(cache, 0, 1, 0, 3)[0], [12, 13, 22, 23, 62, 63])
  })

  it("follows the longest sequence up and, after much longer ones, down, keeping what is there", () => {
    const cache = new KeyValueCache(runtime, config, 2)
    cache.write(1, 0, tokens([1, 2]))
    const capacities = [1, 32, 33, 200, 97, 96, 20, 1].map((length) => {
      cache.fit(length)
      assert.deepStrictEqual(read(cache, 1, 1, 0, 2)[0], [12, 13, 22, 23])
      return cache.capacity
    })
    assert.deepStrictEqual(capacities, [16, 32, 48, 208, 208, 208, 32, 32])
  })

  it("keeps every row's tokens at each of many steps of growth", () => {
    const cache = new KeyValueCache(runtime, config, 3)
    for (let at = 0; at < 300; at++) {
      cache.fit(at + 1)
      for (const row of [0, 1, 2]) cache.write(row, at, tokens([1000 * row + at]))
    }
    for (const row of [0, 1, 2]) {
      const expected = Array.from({ length: 300 }, (_, at) => 10 * (1000 * row + at) + 2)
      assert.deepStrictEqual(read(cache, row, 1, 0, 300)[0]!.filter((_, i) => i % 2 === 0), expected)
    }
  })

  it("gives a run a prefix of the rows", () => {
    const cache = new KeyValueCache(runtime, config, 4)
    cache.write(1, 0, tokens([5]))
    const { data, dims } = cache.feeds(2)["past_keys_0"]!
    assert.deepStrictEqual(dims, [2, 2, 16, 2])
    assert.deepStrictEqual([(data as Float32Array).length, (data as Float32Array)[2 * 16 * 2]], [2 * 2 * 16 * 2, 50])
  })

  it("refuses to grow beyond the machine's memory, and stays as it was", () => {
    const cache = new KeyValueCache(runtime, config, 4)
    const before = cache.capacity
    assert.throws(() => cache.fit(1e11), /a cache for 4 sequences of 100000000000 tokens needs about .* GB of memory/)
    assert.strictEqual(cache.capacity, before)
  })
})
