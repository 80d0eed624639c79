import { copyFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { createHash } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it, onTestFinished } from "vitest"
import { isUntouched, sight } from "../../runtime/FileSighting.ts"

const copyOf = (file: string): string => {
  const folder = mkdtempSync(join(tmpdir(), "sinternal-sighting-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const copy = join(folder, "copy")
  copyFileSync(file, copy)
  return copy
}

/** A file that nobody has written to for a while. */
const settled = import.meta.filename

describe("a file that was seen", () => {
  it("is named by its bytes", async () => {
    const { digest, size } = await sight(settled)
    assert.strictEqual(digest, createHash("sha256").update(readFileSync(settled)).digest("hex"))
    assert.strictEqual(size, readFileSync(settled).length)
  })

  it("is not read again while its state is the same", async () => {
    const seen = await sight(settled)
    assert.isDefined(seen.state)
    assert.isTrue(await isUntouched(settled, { ...seen, digest: "nobody asks" }))
  })

  it("is read again where its state is another or could not tell", async () => {
    const seen = await sight(settled)
    assert.isTrue(await isUntouched(settled, { ...seen, state: undefined }))
    assert.isTrue(await isUntouched(settled, { ...seen, state: "older" }))
    assert.isFalse(await isUntouched(settled, { ...seen, state: undefined, digest: "another" }))
  })

  it("shows a change of one byte whose time was set back", async () => {
    const file = copyOf(settled)
    const then = new Date(2020, 1, 1)
    utimesSync(file, then, then)
    const seen = await sight(file)
    const bytes = readFileSync(file)
    bytes[10]! ^= 1
    writeFileSync(file, bytes)
    utimesSync(file, then, then)
    assert.isFalse(await isUntouched(file, seen))
  })
})
