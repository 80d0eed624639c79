import { createHash } from "node:crypto"
import { assert, describe, it } from "vitest"
import { KeySet } from "../../runtime/rows/KeySet.ts"

const key = (text: string) => createHash("sha256").update(text).digest()

describe("KeySet", () => {
  it("says of every key whether it is new, over several growths", () => {
    const set = new KeySet()
    const texts = Array.from({ length: 5000 }, (_, i) => `${i % 3000}`)
    const keys = Buffer.concat(texts.map(key))
    const known = new Set<string>()
    texts.forEach((text, row) => {
      assert.strictEqual(set.has(keys, row), known.has(text))
      assert.strictEqual(set.add(keys, row), !known.has(text))
      known.add(text)
    })
    assert.strictEqual(set.size, 3000)
  })

  it("tells keys apart that begin alike", () => {
    const set = new KeySet()
    const keys = Buffer.alloc(96, 7)
    keys[63] = 8
    assert.deepStrictEqual([0, 1, 2].map((row) => set.add(keys, row)), [true, true, false])
  })
})
