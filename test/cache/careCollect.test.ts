/**
 * gc keeps what pins, runs that go on, the present state of each experiment and the time to keep need; the rest goes
 * through the trash, out of which whoever needs it takes it back.
 */
import * as Effect from "effect/Effect"
import fs from "node:fs"
import * as path from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { type Collected, graceMs } from "../../cache/care/collect.ts"
import { Pins } from "../../cache/care/Pins.ts"
import { Trash } from "../../cache/care/Trash.ts"
import { holderText, makeHolder } from "../../cache/Holder.ts"
import type { ValueManifest } from "../../cache/Manifest.ts"
import { baseOf } from "../../cache/layout.ts"
import { StoreRefused } from "../../cache/StoreFailed.ts"
import { temporaryFolder } from "../support/pipeline.ts"
import {
  dayMs,
  gc,
  inSession,
  keyOf,
  large,
  makeRun,
  type NodeMade,
  nowMs,
  rowFunctionOf,
  rowIn,
  rowKeyOf,
  valueIn
} from "./support/careWorld.ts"
import { blobFile, corrupt, flipped } from "./support/tempStore.ts"

const folder = temporaryFolder()
let root: string
let made = 0
beforeEach(() => void (root = path.join(folder.path, `cache${made++}`)))
afterEach(() => fs.rmSync(root, { recursive: true, force: true }))

/** A run of a row node and of one that reads it, both with results that no other run has. */
const nodesOf = (name: string): [NodeMade, NodeMade] => [
  { label: "rollout", value: large(`rollout ${name}`), rows: { of: name, texts: [`${name} 1`, `${name} 2`] } },
  { label: "report", value: `report ${name}` }
]

const run = (
  name: string,
  daysAgo: number,
  more: { experiment?: string; record?: { [field: string]: unknown } } = {}
) => makeRun(root, { run: name, daysAgo, nodes: nodesOf(name), ...more })

/** Which of the three kinds of bytes a new process finds of a run. */
const heldOf = async (name: string, manifests: ReadonlyMap<string, ValueManifest>) => ({
  large: (await valueIn(root, manifests.get("rollout")!)) !== undefined,
  small: (await valueIn(root, manifests.get("report")!)) !== undefined,
  rows: (await rowIn(root, name, `${name} 2`)) === `${name} 2`
})

const all = { large: true, small: true, rows: true }
const none = { large: false, small: false, rows: false }

const went = ({ kinds }: Collected) =>
  Object.fromEntries(kinds.flatMap(({ goes, kind }) => goes.count === 0 ? [] : [[kind, goes.count]]))

/** Memo and blob files as if they had been written long ago. */
const age = (days: number) => {
  const base = baseOf(root)
  for (const part of ["memo", "blobs"]) {
    for (const entry of fs.readdirSync(path.join(base, part), { recursive: true, withFileTypes: true })) {
      const then = new Date(nowMs - days * dayMs)
      if (entry.isFile()) fs.utimesSync(path.join(entry.parentPath, entry.name), then, then)
    }
  }
}

describe("what is kept", () => {
  it("is the latest run of each experiment, and whatever is younger than asked for", async () => {
    const old = await run("old", 50)
    const other = await run("other", 60, { experiment: "ds14b" })
    const young = await run("young", 20)
    const latest = await run("latest", 10)
    age(40)
    const collected = await gc(root, { deleteNow: true })
    assert.deepStrictEqual(went(collected), { runs: 1, results: 1, "small results": 1, "row logs": 1 })
    assert.deepStrictEqual(await heldOf("old", old), none)
    for (const [name, manifests] of Object.entries({ other, young, latest })) {
      assert.deepStrictEqual(await heldOf(name, manifests), all, name)
    }
    assert.deepStrictEqual(collected.oldest, { what: "other", why: "latest of ds14b", atMs: nowMs - 60 * dayMs })
    assert.strictEqual(collected.working, 0)
  })

  it("is every action: what lies downstream of a collected result stays fresh", async () => {
    await run("old", 50)
    await run("latest", 10)
    age(40)
    await gc(root, { deleteNow: true })
    const [rollout] = nodesOf("old")
    const action = await inSession(root, (store) => store.getAction(keyOf(rollout!)))
    assert.strictEqual(action?.label, "rollout")
    assert.strictEqual(await inSession(root, (store) => store.holds(action!.manifest)), false)
  })

  it("is all of a pinned run, and of a pinned node that node alone", async () => {
    const whole = await run("whole", 70)
    const part = await run("part", 60)
    await run("latest", 10)
    age(40)
    const pins = new Pins(baseOf(root))
    assert.isTrue(pins.create({ name: "release", run: "whole", madeAt: "2026-01-01T00:00:00.000Z" }))
    assert.isTrue(pins.create({ name: "rows", run: "part", node: "rollout", madeAt: "2026-01-01T00:00:00.000Z" }))
    assert.isFalse(pins.create({ name: "rows", run: "whole", madeAt: "2026-01-01T00:00:00.000Z" }))
    pins.create({ name: "gone", run: "nowhere", madeAt: "2026-01-01T00:00:00.000Z" })
    const { dangling, oldest } = await gc(root, { deleteNow: true })
    assert.deepStrictEqual(await heldOf("whole", whole), all)
    assert.deepStrictEqual(await heldOf("part", part), { large: true, small: false, rows: true })
    assert.deepStrictEqual(dangling.map(({ name }) => name), ["gone"])
    assert.strictEqual(oldest?.why, "pin release")
    assert.isTrue(pins.remove("release"))
    await gc(root, { deleteNow: true })
    assert.deepStrictEqual(await heldOf("whole", whole), none)
    assert.deepStrictEqual(await heldOf("part", part), { large: true, small: false, rows: true })
  })

  it("is, for its age alone, no more than fits a size: the oldest goes first", async () => {
    const runs = [await run("a", 20), await run("b", 15), await run("c", 10), await run("d", 5)]
    const bytes = fs.statSync(blobFile(root, runs[0]!.get("rollout")!.blob)).size
    age(40)
    await gc(root, { sizeBytes: 2.5 * bytes, deleteNow: true })
    const held = await Promise.all(runs.map((manifests, i) => heldOf("abcd"[i]!, manifests)))
    assert.deepStrictEqual(held, [none, none, all, all])
    const nothingFits = await gc(root, { sizeBytes: 0, deleteNow: true })
    assert.deepStrictEqual(await heldOf("d", runs[3]!), all)
    assert.deepStrictEqual(await heldOf("c", runs[2]!), none)
    assert.isAbove(nothingFits.keptBytes, bytes)
  })

  it("is what a run that failed wrote in rows, though none of its nodes came to an end", async () => {
    await run("complete", 90)
    const holder = { ...makeHolder(), pid: 4_000_000 } // none such lives
    const record = { ok: false, holder: holderText(holder), nodes: [] }
    await makeRun(root, { run: "failed", daysAgo: 60, nodes: [nodesOf("failed")[0]], record })
    const logs = path.join(baseOf(root), "memo", rowFunctionOf("failed"))
    for (const log of fs.readdirSync(logs)) {
      fs.renameSync(path.join(logs, log), path.join(logs, `${log.split("-")[0]}-${holderText(holder)}.log`))
    }
    await run("other", 10, { experiment: "ds14b" })
    age(40)
    await gc(root, { deleteNow: true })
    assert.strictEqual(await rowIn(root, "failed", "failed 1"), "failed 1")
  })

  it("is everything while a damaged run record hides what is needed", async () => {
    const old = await run("old", 50)
    await run("latest", 10)
    age(40)
    corrupt(path.join(baseOf(root), "runs", "old.json"), flipped)
    const refused = await gc(root).catch((error: unknown) => error)
    assert.instanceOf(refused, StoreRefused)
    assert.match((refused as Error).message, /old\.json: the record of this run is damaged.*verify --quarantine/)
    assert.deepStrictEqual(await heldOf("old", old), all)
  })

  it("is all, and all in its place, after a dry run that says what would go", async () => {
    await run("old", 50)
    await run("latest", 10)
    age(40)
    const names = () => fs.readdirSync(baseOf(root), { recursive: true, encoding: "utf8" }).sort()
    const before = names()
    const dry = await gc(root, { dryRun: true })
    assert.deepStrictEqual(names(), before)
    assert.deepStrictEqual(went(dry), { runs: 1, results: 1, "small results": 1, "row logs": 1 })
    assert.deepStrictEqual(went(await gc(root)), went(dry))
  })
})

describe("the trash", () => {
  it("is emptied by a gc after the time of grace, not before", async () => {
    const old = await run("old", 50)
    await run("latest", 10)
    age(40)
    const trash = new Trash(baseOf(root))
    const first = await gc(root)
    assert.strictEqual(first.deletedBytes, 0)
    assert.strictEqual(first.trash.untilMs, nowMs + graceMs)
    assert.isAbove(first.trash.bytes, fs.statSync(trash.pathOf(trash.batches()[0]!, "blobs")).size)
    assert.strictEqual((await gc(root, { nowMs: nowMs + graceMs - 1 })).deletedBytes, 0)
    const last = await gc(root, { nowMs: nowMs + graceMs })
    assert.strictEqual(last.deletedBytes, first.trash.bytes)
    assert.deepStrictEqual(trash.batches(), [])
    assert.deepStrictEqual(await heldOf("old", old), none)
  })

  it("gives a large result and rows back to whoever asks for them", async () => {
    const old = await run("old", 50)
    await run("latest", 10)
    age(40)
    await gc(root)
    assert.isFalse(fs.existsSync(blobFile(root, old.get("rollout")!.blob)))
    assert.deepStrictEqual(await heldOf("old", old), { large: true, small: false, rows: true })
    assert.isTrue(fs.existsSync(blobFile(root, old.get("rollout")!.blob)))
  })

  it("gives everything back that a run has named since, before it is emptied", async () => {
    const old = await run("old", 50)
    await run("latest", 10)
    age(40)
    await gc(root)
    await inSession(root, (store) =>
      Effect.gen(function*() {
        const record = (yield* store.getRun("latest"))!
        const nodes = [...old].map(([label, manifest], i) => ({
          label,
          node: label,
          key: keyOf(nodesOf("old")[i]!),
          state: "fresh",
          manifest
        }))
        yield* store.putRun({ ...record, run: "again", nodes })
      }))
    const later = await gc(root, { nowMs: nowMs + graceMs })
    assert.strictEqual(later.restored, 3)
    assert.isAbove(later.deletedBytes, 0)
    assert.deepStrictEqual(await heldOf("old", old), all)
  })
})

describe("gc beside others", () => {
  it("lets a session read what it learnt of before, and loses nothing that it writes", async () => {
    const old = await run("old", 50)
    await run("latest", 10)
    age(40)
    const texts = await inSession(root, (store) =>
      Effect.scoped(Effect.gen(function*() {
        const memo = yield* store.openMemo(rowFunctionOf("old"))
        const claim = memo.claim(Buffer.from(rowKeyOf("old 3"), "hex"), [0])
        assert.deepStrictEqual(claim.mine, [0])
        assert.isDefined(yield* store.getAction(keyOf(nodesOf("old")[0]!)))
        const collected = yield* Effect.promise(() => gc(root, { deleteNow: true }))
        assert.notProperty(went(collected), "row logs") // its book says that somebody works here
        yield* memo.append(rowKeyOf("old 3"), Buffer.from("old 3"))
        return [yield* store.readValue(old.get("report")!), (yield* store.putValue("new")).blob]
      })))
    assert.strictEqual(texts[0], "report old")
    assert.strictEqual(await rowIn(root, "old", "old 1"), "old 1")
    assert.strictEqual(await rowIn(root, "old", "old 3"), "old 3")
  })

  it("keeps a second gc out while one is at work", async () => {
    await run("latest", 10)
    const [one, two] = await Promise.allSettled([gc(root), gc(root)])
    assert.strictEqual(one!.status, "fulfilled")
    assert.match(String((two as PromiseRejectedResult).reason.message), /another gc is at work/)
    await gc(root)
  })
})
