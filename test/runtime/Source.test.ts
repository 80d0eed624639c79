import { closeSync, ftruncateSync, openSync, readdirSync, realpathSync, statSync, utimesSync, writeSync } from "node:fs"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { assert, describe, it } from "vitest"
import * as Node from "../../runtime/Node.ts"
import * as Source from "../../runtime/Source.ts"
import * as Type from "../../runtime/Type.ts"
import { laboratory } from "./support/world.ts"

const mebi = 1 << 20

const Seen = Type.value("seen", Schema.Struct({ bytes: Schema.Int, place: Schema.String }))

/** Where the node finds its file, and how long it is; `during` happens while it reads. */
const setUp = (bytes: number, during: (file: string) => void = () => undefined) => {
  const lab = laboratory()
  const file = join(lab.root, "rows.bin")
  const write = (text: string, at: number) => {
    const fd = openSync(file, at === 0 ? "w" : "r+")
    if (at === 0) ftruncateSync(fd, bytes)
    writeSync(fd, text, at)
    closeSync(fd)
  }
  write("first", 0)
  const look = Node.make({
    name: "look",
    inputs: { file: Type.artifact("file") },
    output: Seen,
    run: ({ file: folder }) => {
      const place = realpathSync(join(folder.path, "rows.bin"))
      during(file)
      return { bytes: statSync(place).size, place }
    }
  })
  return { lab, file: realpathSync(file), write, targets: { seen: look({ file: Source.file(file) }) } }
}

/** The largest file of the cache. Unit: bytes. */
const largestIn = (folder: string): number =>
  Math.max(
    0,
    ...readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => statSync(join(folder, name)).size)
  )

describe("a file as a source", () => {
  it("is copied when it is small", async () => {
    const { file, lab, targets } = setUp(mebi)
    const seen = (await lab.run(targets)).value("seen")
    assert.strictEqual(seen.bytes, mebi)
    assert.notStrictEqual(seen.place, file)
    assert.isTrue(seen.place.startsWith(realpathSync(join(lab.root, "cache"))))
  })

  it("is read where it lies when it is large, and is no part of the cache", async () => {
    const { file, lab, targets } = setUp(32 * mebi)
    const first = await lab.run(targets)
    assert.deepStrictEqual(first.value("seen"), { bytes: 32 * mebi, place: file })
    assert.isBelow(largestIn(join(lab.root, "cache")), mebi)
    assert.deepStrictEqual((await lab.run(targets)).ran, [])
  })

  it("shows an edit of one byte although its size and time are the same", async () => {
    const { file, lab, targets, write } = setUp(32 * mebi)
    const then = new Date(2020, 1, 1)
    utimesSync(file, then, then)
    assert.deepStrictEqual((await lab.run(targets)).ran, ["look"])
    write("x", 20 * mebi)
    utimesSync(file, then, then)
    assert.deepStrictEqual((await lab.run(targets)).ran, ["look"])
  })

  it("fails the node that was reading it while somebody wrote to it, and keeps nothing of that", async () => {
    let edits = 1
    const { lab, targets, write } = setUp(32 * mebi, () => {
      if (edits-- > 0) write("late", 20 * mebi)
    })
    const disturbed = await lab.run(targets)
    assert.strictEqual(
      disturbed.summary.failures[0]!.message.replace(lab.root, "lab"),
      "source lab/rows.bin: it changed while a node was reading it\n  run the same command again"
    )
    assert.deepStrictEqual((await lab.run(targets)).ran, ["look"])
  })

  it("may be touched while it is read, if it holds the same", async () => {
    const { lab, targets } = setUp(32 * mebi, (file) => utimesSync(file, new Date(), new Date()))
    assert.strictEqual((await lab.run(targets)).summary.nodes.failed, 0)
  })
})
