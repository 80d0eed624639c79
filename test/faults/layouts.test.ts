/**
 * Versions of the cache's layout side by side below one root: each has a folder of its own, and this version touches
 * neither what an earlier one left nor what a later one has made.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "vitest"
import { ended } from "../support/whatRan.ts"
import { MixedRuns } from "./MixedRuns.ts"

/** Everything below a folder with its bytes and times. */
const stateOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).sort().map((name) => {
    const file = join(folder, name)
    const { ino, mtimeMs, mode } = statSync(file)
    return { name, ino, mtimeMs, mode, bytes: statSync(file).isFile() ? readFileSync(file, "hex") : "" }
  })

it("a run and a look at it leave the folders of an earlier and of a later layout as they are", async () => {
  const runs = new MixedRuns()
  const others = ["v1", "v3"].map((version) => join(runs.cache, version))
  for (const other of others) {
    mkdirSync(join(other, "actions", "ab"), { recursive: true })
    mkdirSync(join(other, "runs"))
    writeFileSync(join(other, "FORMAT"), "{\"layout\":\"another\"}\n")
    writeFileSync(join(other, "actions", "ab", "cdef"), "something", { mode: 0o400 })
    writeFileSync(join(other, "runs", "2999-01-01T00-00-00-000Z-zz.json"), "{}")
  }
  const before = others.map(stateOf)
  const first = await runs.run()
  assert.strictEqual(first.exitCode, 0, first.stderr)
  assert.strictEqual(ended((await runs.run()).events).nodes.fresh, 7)
  assert.include((await runs.call(["show", "report"])).stdout, "splendid")
  assert.deepStrictEqual(others.map(stateOf), before)
  assert.deepStrictEqual(readdirSync(runs.cache).sort(), ["v1", "v2", "v3"])
  runs.remove()
})
