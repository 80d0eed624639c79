import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { copyFile, digestFile } from "../../cache/fileDigest.ts"

const folder = fs.mkdtempSync(join(tmpdir(), "sinternal-"))
afterAll(() => fs.rmSync(folder, { recursive: true }))

/** Bytes that repeat in no power of two, so that pieces are told apart. */
const bytesOf = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 31) % 251)

const file = (name: string, bytes: Uint8Array): string => {
  const place = join(folder, name)
  fs.writeFileSync(place, bytes)
  return place
}

describe("the digest of a file", () => {
  const sizes = [0, 1, 1 << 20, (1 << 20) + 1, 3_500_000]

  it("is the SHA-256 of its bytes, of one piece or several", async () => {
    for (const size of sizes) {
      const bytes = bytesOf(size)
      assert.strictEqual(await digestFile(file("read", bytes)), createHash("sha256").update(bytes).digest("hex"))
    }
  })

  it("is told by the copy, which has the same bytes", async () => {
    for (const size of sizes) {
      const bytes = bytesOf(size)
      const target = join(folder, `copy of ${size}`)
      assert.strictEqual(
        await copyFile(file("copied", bytes), target),
        createHash("sha256").update(bytes).digest("hex")
      )
      assert.isTrue(fs.readFileSync(target).equals(bytes))
    }
  })

  it("of a copy is not made over a file that is there", async () => {
    const target = file("there", bytesOf(3))
    assert.strictEqual(await copyFile(file("from", bytesOf(9)), target).catch((error) => error.code), "EEXIST")
    assert.strictEqual(fs.readFileSync(target).length, 3)
  })
})
