/**
 * verify finds every kind of damage, says whose it is, and puts it out of the way without losing what is whole.
 */
import fs from "node:fs"
import * as path from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import type { Damage } from "../../cache/care/Findings.ts"
import { Pins } from "../../cache/care/Pins.ts"
import { verify } from "../../cache/care/verify.ts"
import { digestBytes } from "../../cache/Digest.ts"
import { baseOf } from "../../cache/layout.ts"
import { encodeFrame, Kind } from "../../cache/log/Frame.ts"
import { SealedIndex } from "../../cache/log/SealedIndex.ts"
import type { ValueManifest } from "../../cache/Manifest.ts"
import { temporaryFolder } from "../support/pipeline.ts"
import {
  inSession,
  keyOf,
  knowledge,
  large,
  longRowsIn,
  longText,
  makeRun,
  type NodeMade,
  putLongRows,
  rowFunctionOf,
  rowIn,
  rowKeyOf,
  valueIn
} from "./support/careWorld.ts"
import { blobFile, corrupt, flipped } from "./support/tempStore.ts"

const folder = temporaryFolder()
let root: string
let made = 0
let manifests: ReadonlyMap<string, ValueManifest>

const nodes: ReadonlyArray<NodeMade> = [
  { label: "rollout", value: large("rollout"), rows: { of: "rollout", texts: ["one", "two", "three"] } },
  { label: "report", value: "report" }
]

beforeEach(async () => {
  root = path.join(folder.path, `cache${made++}`)
  manifests = await makeRun(root, { run: "r1", daysAgo: 1, nodes })
  new Pins(baseOf(root)).create({ name: "release", run: "r1", madeAt: "2026-01-01T00:00:00.000Z" })
  fs.appendFileSync(path.join(baseOf(root), "runs", "r1.ndjson"), "{\"event\":\"RunFinished\"}\n{\"event\":\"cu")
})
afterEach(() => fs.rmSync(root, { recursive: true, force: true }))

const check = (quarantine = false) => verify({ base: baseOf(root), knowledge, quarantine, onProgress: () => undefined })

const damageOf = async (): Promise<ReadonlyArray<Pick<Damage, "kind" | "belongsTo">>> =>
  (await check()).damage.map(({ belongsTo, kind }) => ({ kind, belongsTo }))

const only = (...parts: ReadonlyArray<string>): string => {
  const place = path.join(baseOf(root), ...parts)
  const [name, ...more] = fs.readdirSync(place).filter((each) => each.endsWith(".log"))
  assert.deepStrictEqual(more, [])
  return path.join(place, name!)
}

/** Flips a bit within the first occurrence of `text`. */
const harm = (file: string, text: string) =>
  corrupt(file, (bytes) => {
    const at = bytes.indexOf(text)
    assert.isAtLeast(at, 0)
    bytes[at]! ^= 1
    return bytes
  })

describe("a cache as it was written", () => {
  it("is whole: every file is read once, and progress ends with all bytes", async () => {
    const told: Array<readonly [number, number]> = []
    const { bytes, damage, files, missing } = await verify({
      base: baseOf(root),
      knowledge,
      quarantine: false,
      onProgress: (done, total) => void told.push([done, total])
    })
    assert.deepStrictEqual({ damage, missing }, { damage: [], missing: [] })
    assert.strictEqual(files, 6) // the large blob, two logs, record, event log, pin
    assert.deepStrictEqual(told.at(-1)![0], bytes)
    const size = (file: string) => fs.statSync(file).size
    const stored = size(blobFile(root, manifests.get("rollout")!.blob)) + size(only("journal")) +
      size(only("memo", rowFunctionOf("rollout")))
    assert.deepStrictEqual(told.filter(([, total]) => total === stored).length, 3)
  })

  it("without some bytes is whole too, and the result that lacks them is named", async () => {
    fs.rmSync(blobFile(root, manifests.get("rollout")!.blob))
    const { damage, missing } = await check()
    assert.deepStrictEqual({ damage, missing }, { damage: [], missing: ["rollout"] })
  })
})

describe("damage", () => {
  it("of a blob is the node's, and goes to quarantine", async () => {
    const { blob } = manifests.get("rollout")!
    corrupt(blobFile(root, blob), flipped)
    assert.deepStrictEqual(await damageOf(), [{ kind: "blob", belongsTo: ["rollout"] }])
    assert.isTrue(fs.existsSync(blobFile(root, blob)))
    const { damage } = await check(true)
    assert.deepStrictEqual(damage.map(({ done }) => done), ["quarantined"])
    assert.strictEqual(fs.readdirSync(path.join(baseOf(root), "quarantine"))[0]!.slice(0, 64), blob)
    assert.deepStrictEqual(await damageOf(), [])
    assert.strictEqual(await valueIn(root, manifests.get("rollout")!), undefined)
  })

  it("of a file that is no blob is told", async () => {
    fs.writeFileSync(path.join(baseOf(root), "blobs", manifests.get("rollout")!.blob.slice(0, 2), "notes.txt"), "x")
    assert.deepStrictEqual((await check()).damage.map(({ found }) => found), ["its name is no digest"])
  })

  it("of a small result and of an action is the node's; what is whole in the log stays", async () => {
    harm(only("journal"), "\"report\"")
    assert.deepStrictEqual(await damageOf(), [{ kind: "journal", belongsTo: ["report"] }])
    harm(only("journal"), `{"durationMs":0`) // the first action: that of rollout
    assert.deepStrictEqual(await damageOf(), [
      { kind: "journal", belongsTo: ["rollout"] },
      { kind: "journal", belongsTo: ["report"] }
    ])
    const { damage } = await check(true)
    assert.deepStrictEqual(damage.map(({ done }) => done), ["quarantined", "quarantined"])
    assert.deepStrictEqual(await damageOf(), [])
    const [rollout, report] = await inSession(root, (store) => store.flush()).then(() =>
      Promise.all(nodes.map((node) => inSession(root, (store) => store.getAction(keyOf(node)))))
    )
    assert.strictEqual(rollout, undefined)
    assert.strictEqual(report?.label, "report")
    assert.strictEqual(await valueIn(root, manifests.get("rollout")!), large("rollout"))
  })

  it("of a row is named by its key and node; the other rows stay", async () => {
    harm(only("memo", rowFunctionOf("rollout")), "two")
    const belongsTo = [`row ${rowKeyOf("two").slice(0, 8)} of rollout`]
    assert.deepStrictEqual(await damageOf(), [{ kind: "row log", belongsTo }])
    await check(true)
    assert.deepStrictEqual(await damageOf(), [])
    const rows = await Promise.all(["one", "two", "three"].map((text) => rowIn(root, "rollout", text)))
    assert.deepStrictEqual(rows, ["one", undefined, "three"])
  })

  it("in the middle of a log of many pieces costs the rows that it hit, and no other", async () => {
    const rows = 3000
    await putLongRows(root, "long", rows)
    const log = only("memo", rowFunctionOf("long"))
    assert.isAbove(fs.statSync(log).size, 3 << 20)
    harm(log, longText(1234))
    assert.deepStrictEqual((await check(true)).damage.map(({ done, kind }) => ({ kind, done })), [
      { kind: "row log", done: "quarantined" }
    ])
    assert.deepStrictEqual(await damageOf(), [])
    const lost = (await longRowsIn(root, "long", rows)).flatMap((whole, row) => whole ? [] : [row])
    assert.deepStrictEqual(lost, [1234])
  })

  it("of frames that are whole and say something else is found in the journal", async () => {
    const log = path.join(baseOf(root), "journal", "0000000000-other~.log")
    const frames = [
      encodeFrame(Kind.blob, digestBytes("a"), Buffer.from("b")),
      encodeFrame(Kind.action, digestBytes("key"), Buffer.from("{\"key\":\"other\"}"))
    ]
    fs.writeFileSync(log, Buffer.concat(frames))
    assert.deepStrictEqual((await check()).damage.map(({ found }) => found), [
      "its bytes do not have its digest",
      "it is the record of other"
    ])
    await check(true)
    assert.deepStrictEqual(await damageOf(), [])
  })

  it("of an index is found by its own check, and by what its log says; it is made again", async () => {
    const log = only("memo", rowFunctionOf("rollout"))
    const index = new SealedIndex()
    const keys = Buffer.from(rowKeyOf("one"), "hex")
    index.add(Kind.result, keys, 0, 0, 45 + "one".length)
    index.write(`${log}.idx`)
    assert.deepStrictEqual(await damageOf(), []) // it may end before its log
    corrupt(`${log}.idx`, flipped)
    assert.deepStrictEqual((await check()).damage.map(({ found }) => found), [
      "it is damaged, or of a log that is longer"
    ])
    const wrong = new SealedIndex()
    wrong.add(Kind.result, Buffer.from(rowKeyOf("two"), "hex"), 0, 0, 45 + "one".length)
    wrong.write(`${log}.idx`)
    const { damage } = await check(true)
    assert.deepStrictEqual(damage.map(({ done, found, kind }) => ({ kind, found, done })), [
      { kind: "index", found: "it says other than its log", done: "removed" }
    ])
    assert.isFalse(fs.existsSync(`${log}.idx`))
    assert.strictEqual(await rowIn(root, "rollout", "one"), "one")
  })

  it("of a record, an event log and a pin is named; a cut last event is none", async () => {
    corrupt(path.join(baseOf(root), "runs", "r1.json"), flipped)
    corrupt(path.join(baseOf(root), "pins", "release"), flipped)
    fs.writeFileSync(path.join(baseOf(root), "runs", "r2.ndjson"), "{\"event\":\n{}\n")
    assert.deepStrictEqual(await damageOf(), [
      { kind: "run record", belongsTo: ["run r1"] },
      { kind: "event log", belongsTo: ["run r2"] },
      { kind: "pin", belongsTo: ["pin release"] }
    ])
    await check(true)
    assert.deepStrictEqual(await damageOf(), [])
  })

  it("of a folder that is shown is the node's that made it, also where its blob is whole", async () => {
    const source = path.join(folder.path, `files${made}`)
    fs.mkdirSync(source)
    fs.writeFileSync(path.join(source, "weights"), "weights")
    const shown = await inSession(root, (store) => store.putFolder(source))
    const place = await inSession(root, (store) => store.folderPath(shown))
    assert.deepStrictEqual(await damageOf(), [])
    fs.rmSync(path.join(place, "weights"))
    fs.writeFileSync(path.join(place, "weights"), "other weights")
    assert.deepStrictEqual(await damageOf(), [{ kind: "folder", belongsTo: [] }])
    await check(true)
    assert.strictEqual(
      fs.readFileSync(path.join(await inSession(root, (store) => store.folderPath(shown)), "weights"), "utf8"),
      "weights"
    )
  })

  it("in a log that is still written is left to a later verify", async () => {
    await inSession(root, (store) => store.flush())
    const log = only("memo", rowFunctionOf("rollout"))
    const living = `${path.basename(log).split("-")[0]}-0000000000000000.1.1.aaaa.log` // of another machine, just now
    fs.renameSync(log, path.join(path.dirname(log), living))
    harm(path.join(path.dirname(log), living), "two")
    const { damage } = await check(true)
    assert.deepStrictEqual(damage.map(({ done }) => done), ["in use"])
  })
})
