/**
 * A derived file gives what was written into it, or nothing: keys may depend on what it says.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, it } from "vitest"
import * as DerivedFile from "../../runtime/DerivedFile.ts"
import { temporaryFolder } from "../support/pipeline.ts"

const folder = temporaryFolder()
afterAll(folder.remove)
const file = join(folder.path, "derived", "some.json")
const body = "{\"a\":\"ä\",\n\"b\":2}"

it("gives back what was written, and leaves nothing else behind", () => {
  assert.isUndefined(DerivedFile.read(file, "some 1"))
  DerivedFile.write(file, "some 1", "other")
  DerivedFile.write(file, "some 1", body)
  assert.strictEqual(DerivedFile.read(file, "some 1"), body)
  assert.deepStrictEqual(readdirSync(join(folder.path, "derived")), ["some.json"])
})

it("is none where it has another format, any other bit, or another length", () => {
  DerivedFile.write(file, "some 1", body)
  assert.isUndefined(DerivedFile.read(file, "some 2"))
  const whole = readFileSync(file)
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const harmed = Buffer.from(whole)
    harmed[bit >> 3]! ^= 1 << (bit & 7)
    writeFileSync(file, harmed)
    assert.isUndefined(DerivedFile.read(file, "some 1"), `bit ${bit}`)
  }
  for (const harmed of [...whole.keys()].map((end) => whole.subarray(0, end)).concat(Buffer.concat([whole, whole]))) {
    writeFileSync(file, harmed)
    assert.isUndefined(DerivedFile.read(file, "some 1"), `${harmed.length} bytes`)
  }
})
