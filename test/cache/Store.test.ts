/**
 * Blobs, values, folders, actions and runs: made once, checked when read, damage found and moved away, nothing
 * half-written seen.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import fs from "node:fs"
import * as path from "node:path"
import { canonicalJson, NotCanonical } from "../../cache/Digest.ts"
import { encodeFrame, Kind } from "../../cache/log/Frame.ts"
import type { Action, Manifest, ValueManifest } from "../../cache/Manifest.ts"
import * as Store from "../../cache/Store.ts"
import { BlobDamaged, BlobMissing, DiskFull, StoreIo, StoreRefused } from "../../cache/StoreFailed.ts"
import {
  blobFile,
  corrupt,
  filesBelow,
  flipped,
  noSpace,
  reopened,
  replaceFs,
  temporaryFolder,
  temporaryStore
} from "./support/tempStore.ts"

const key = "0123456789abcdef".repeat(4)

/** More than the journal takes: a file of its own. */
const large = "the bytes of a large blob ".repeat(2000)

const bigints = (_: string, value: unknown) => typeof value === "bigint" ? String(value) : value

const journalOf = (root: string) => {
  const folder = path.join(Store.baseOf(root), "journal")
  return filesBelow(folder).map((file) => path.join(folder, file))
}

const actionOf = (manifest: Manifest): Action => ({
  key,
  node: "critique",
  label: "critique",
  manifest,
  parts: { params: { $temperature: 0.7, n: 3n }, code: [1, null, "x"] },
  startedAt: "2026-01-01T00:00:00.000Z",
  durationMs: 12.5,
  rows: { ran: 1, reused: 2, failed: 0 },
  usage: { tokens: 10, usd: 0.25, seconds: 1 },
  run: "r1",
  host: { cpu: "some cpu", node: "v24", platform: "linux x64" }
})

describe("blobs and values", () => {
  it.effect("a value comes back, bigints and bytes included, and equal values are one blob", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const value = { b: [1n, new Uint8Array([1]), null], a: "x" }
      const manifest = yield* store.putValue(value)
      assert.deepStrictEqual(yield* store.readValue(manifest), value)
      assert.deepStrictEqual(yield* store.putValue({ a: "x", b: [1n, new Uint8Array([1]), null] }), manifest)
      yield* store.flush()
      assert.deepStrictEqual(filesBelow(path.join(Store.baseOf(store.root), "blobs")), [])
      assert.strictEqual(fs.statSync(journalOf(store.root)[0]!).size, 45 + Buffer.byteLength(canonicalJson(value)))
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("a value without canonical JSON is a defect, not a failure", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const exit = yield* Effect.exit(store.putValue({ a: Number.NaN }))
      assert.isTrue(Exit.hasDies(exit))
      assert.match(String(Exit.isFailure(exit) && exit.cause), new RegExp(NotCanonical.name))
    }).pipe(Effect.provide(temporaryStore)))

  it.effect.each(
    [["a flipped bit", flipped], ["a cut file", (bytes: Buffer) => bytes.subarray(0, 5)], [
      "an empty file",
      () => Buffer.alloc(0)
    ]] as const
  )(
    "%s is found on the first read of a process, moved to quarantine, and repaired by writing again",
    ([, change]) =>
      Effect.gen(function*() {
        const first = yield* Store.Store
        const digest = yield* first.putBlob(large)
        corrupt(blobFile(first.root, digest), change)
        const store = yield* reopened(first.root)
        const failure = yield* Effect.flip(store.readBlob(digest))
        assert.instanceOf(failure, BlobDamaged)
        assert.match(failure.message, new RegExp(`blob ${digest} is damaged.*moved to quarantine/; run again`))
        assert.strictEqual(filesBelow(path.join(Store.baseOf(store.root), "quarantine")).length, 1)
        assert.instanceOf(yield* Effect.flip(store.readBlob(digest)), BlobMissing)
        assert.strictEqual(yield* store.putBlob(large), digest)
        assert.strictEqual((yield* store.readBlob(digest)).toString(), large)
      }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("writing a blob repairs a damaged one that nobody read", () =>
    Effect.gen(function*() {
      const first = yield* Store.Store
      const digest = yield* first.putBlob(large)
      corrupt(blobFile(first.root, digest), flipped)
      const store = yield* reopened(first.root)
      yield* store.putBlob(large)
      assert.strictEqual(
        Buffer.from(yield* (yield* reopened(first.root)).readBlob(digest)).toString(),
        large
      )
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("a damaged chunk of a table is found", () =>
    Effect.gen(function*() {
      const first = yield* Store.Store
      const schema = [{ name: "x", type: { kind: "int64", nullable: false } }] as const
      const manifest = yield* first.putTable(schema, { x: Array.from({ length: 8000 }, (_, i) => i) }, 8000)
      corrupt(blobFile(first.root, manifest.chunks[0]!.blob), flipped)
      assert.instanceOf(yield* Effect.flip((yield* reopened(first.root)).readTable(manifest)), BlobDamaged)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("a full disk fails with what to do, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const failure = yield* Effect.scoped(Effect.gen(function*() {
        yield* replaceFs({
          fdatasyncSync: () => {
            throw noSpace()
          }
        })
        return yield* Effect.flip(store.putBlob(large))
      }))
      assert.instanceOf(failure, DiskFull)
      assert.strictEqual(
        failure.message,
        `no space left in ${store.root}; free some space and run the same command again: finished rows are kept`
      )
      assert.deepStrictEqual(filesBelow(Store.baseOf(store.root)), ["FORMAT"])
      yield* store.putBlob(large)
    }).pipe(Effect.provide(temporaryStore)))
})

describe("actions", () => {
  it.effect("an action comes back as it was, at once here, and from another process once it is durable", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const other = yield* reopened(store.root)
      assert.strictEqual(yield* other.getAction(key), undefined)
      const action = actionOf(yield* store.putValue(1))
      assert.strictEqual(yield* store.getAction(key), undefined)
      const { durable, kept, nondeterministic } = yield* store.putAction(action)
      assert.deepStrictEqual({ kept, nondeterministic }, { kept: action, nondeterministic: false })
      assert.deepStrictEqual(yield* store.getAction(key), action)
      assert.deepStrictEqual(store.peekAction(key), action)
      yield* durable
      assert.strictEqual(other.peekAction(key), undefined)
      assert.strictEqual(yield* other.getAction(key), undefined)
      assert.deepStrictEqual(yield* other.getAction(key, { refresh: true }), action)
      assert.deepStrictEqual(other.peekAction(key), action)
      assert.isTrue(yield* other.holds(action.manifest))
      assert.strictEqual(yield* other.readValue(action.manifest as ValueManifest), 1)
      assert.deepStrictEqual(yield* (yield* reopened(store.root)).getAction(key), action)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("the first action of a key stays; other content is noted, the same content is not", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const first = actionOf(yield* store.putValue(1))
      yield* store.putAction(first)
      const same = yield* store.putAction({ ...first, run: "r2" })
      assert.deepStrictEqual([same.kept, same.nondeterministic], [first, false])
      const other = yield* store.putAction(actionOf(yield* store.putValue(2)))
      assert.deepStrictEqual([other.kept, other.nondeterministic], [first, true])
      assert.deepStrictEqual(yield* store.getAction(key), first)
      yield* store.flush()
      assert.deepStrictEqual(yield* (yield* reopened(store.root)).getAction(key), first)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("an action whose blobs are gone gives way, here and for those who open the cache later", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const manifest = yield* store.putValue(large)
      yield* store.putAction(actionOf(manifest))
      fs.rmSync(blobFile(store.root, manifest.blob))
      const second = actionOf(yield* store.putValue(2))
      const { kept, nondeterministic } = yield* store.putAction(second)
      assert.deepStrictEqual([kept, nondeterministic], [second, true])
      assert.deepStrictEqual(yield* store.getAction(key), second)
      yield* store.flush()
      assert.deepStrictEqual(yield* (yield* reopened(store.root)).getAction(key), second)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("a damaged record is found once, copied to quarantine, then a miss, then made anew for all", () =>
    Effect.gen(function*() {
      const first = yield* Store.Store
      const action = actionOf(yield* first.putValue(1))
      yield* first.putAction(action)
      yield* first.flush()
      const [journal] = journalOf(first.root)
      corrupt(journal!, (bytes) => {
        bytes[bytes.length - 9]! ^= 1
        return bytes
      })
      const store = yield* reopened(first.root)
      assert.strictEqual(store.peekAction(key), undefined)
      const failure = yield* Effect.flip(store.getAction(key))
      assert.instanceOf(failure, BlobDamaged)
      assert.include(failure.message, `action ${key} is damaged`)
      const [copy] = filesBelow(path.join(Store.baseOf(store.root), "quarantine"))
      assert.include(copy, `action-${key}`)
      assert.strictEqual(yield* store.getAction(key), undefined)
      assert.isFalse((yield* store.putAction(action)).nondeterministic)
      assert.deepStrictEqual(yield* store.getAction(key), action)
      yield* store.flush()
      assert.deepStrictEqual(yield* (yield* reopened(first.root)).getAction(key), action)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("a whole frame with another action's record is damage, and one made anew stands instead of it", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const folder = path.join(Store.baseOf(root), "journal")
      const alien = Buffer.from(
        JSON.stringify({ ...actionOf({ kind: "folder", files: [], content: key }), key: "0" }, bigints)
      )
      fs.writeFileSync(path.join(folder, "0-other.log"), encodeFrame(Kind.action, key, alien))
      const store = yield* reopened(root)
      assert.strictEqual(store.peekAction(key), undefined)
      assert.instanceOf(yield* Effect.flip(store.getAction(key)), BlobDamaged)
      const action = actionOf(yield* store.putValue(1))
      yield* store.putAction(action)
      yield* store.flush()
      assert.deepStrictEqual(yield* (yield* reopened(root)).getAction(key), action)
    }).pipe(Effect.provide(temporaryStore)))
})

describe("runs", () => {
  const record = (run: string, startedAt: string, experiment = "smol") => ({ run, experiment, startedAt, nodes: [] })

  it.effect("records are replaced while a run goes on, keep what others add, and list latest first", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const node = { label: "critique", node: "critique", key, state: "fresh", reason: { changed: "params" } }
      yield* store.putRun(record("r1", "2026-01-01"))
      yield* store.putRun(record("r3", "2026-01-03", "ds14b"))
      yield* store.putRun(record("r2", "2026-01-02"))
      yield* store.putRun({
        ...record("r1", "2026-01-01"),
        finishedAt: "2026-01-02",
        ok: true,
        nodes: [node],
        argv: ["--set", "x"]
      })
      assert.deepStrictEqual((yield* store.listRuns()).map((found) => found.run), ["r3", "r2", "r1"])
      assert.deepStrictEqual((yield* store.getRun("r1"))?.nodes, [node])
      assert.deepStrictEqual((yield* store.getRun("r1"))?.["argv"], ["--set", "x"])
      assert.strictEqual((yield* store.latestRun("smol"))?.run, "r2")
      assert.strictEqual((yield* store.latestRun())?.run, "r3")
      assert.strictEqual(yield* store.latestRun("none"), undefined)
      assert.strictEqual(yield* store.getRun("../../FORMAT"), undefined)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("names come newest first and the newest run of an experiment is found without reading older ones", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      yield* store.putRun(record("2026-01-01-a", "2026-01-01"))
      yield* store.putRun(record("2026-01-03-b", "2026-01-03", "ds14b"))
      yield* store.putRun(record("2026-01-02-c", "2026-01-02"))
      assert.deepStrictEqual(yield* store.runNames(), ["2026-01-03-b", "2026-01-02-c", "2026-01-01-a"])
      corrupt(path.join(Store.baseOf(store.root), "runs/2026-01-01-a.json"), () => Buffer.alloc(0))
      fs.chmodSync(path.join(Store.baseOf(store.root), "runs/2026-01-01-a.json"), 0)
      assert.strictEqual((yield* store.latestRun("smol"))?.run, "2026-01-02-c")
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("what plain JSON cannot say comes back as well", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const settings = { n: 3n, $tagged: { $bigint: "4" } }
      yield* store.putRun({ ...record("r1", "2026-01-01"), settings })
      assert.deepStrictEqual((yield* store.getRun("r1"))?.["settings"], settings)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("events are appended line by line; a line that was cut off is left out", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      assert.deepStrictEqual(yield* store.readEvents("r1"), [])
      yield* store.appendEvents("r1", "{\"a\":1}\n{\"a\":2}\n")
      yield* store.appendEvents("r1", "{\"a\":3}\n{\"a\":")
      assert.deepStrictEqual(yield* store.readEvents("r1"), ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"])
      assert.deepStrictEqual(yield* store.runNames(), [])
      yield* store.appendEvents("../r1", "never")
      assert.deepStrictEqual(filesBelow(Store.baseOf(store.root)), ["FORMAT", "runs/r1.ndjson"])
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("one unreadable record does not hide the others", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      yield* store.putRun(record("r1", "2026-01-01"))
      yield* store.putRun(record("r2", "2026-01-02"))
      corrupt(path.join(Store.baseOf(store.root), "runs/r2.json"), flipped)
      assert.deepStrictEqual((yield* store.listRuns()).map((found) => found.run), ["r1"])
      assert.instanceOf(yield* Effect.flip(store.putRun(record("../r", ""))), StoreRefused)
    }).pipe(Effect.provide(temporaryStore)))
})

describe("layer", () => {
  it.effect("makes folders for their owner only, and opens them again", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      for (const folder of [root, Store.baseOf(root), path.join(Store.baseOf(root), "blobs")]) {
        assert.strictEqual(fs.statSync(folder).mode & 0o777, 0o700)
      }
      assert.strictEqual((yield* reopened(root)).root, root)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("refuses a format it does not know, naming both", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      corrupt(path.join(Store.baseOf(root), "FORMAT"), (bytes) =>
        Buffer.from(bytes.toString().replace("\"layout\":2", "\"layout\":7")))
      const failure = yield* Effect.flip(reopened(root))
      assert.instanceOf(failure, StoreRefused)
      assert.include(failure.message, "\"layout\":2")
      assert.include(failure.message, "\"layout\":7")
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("leaves a cache of another layout beside it as it is", () =>
    Effect.gen(function*() {
      const root = yield* temporaryFolder
      fs.mkdirSync(path.join(root, "v1/actions"), { recursive: true })
      fs.writeFileSync(path.join(root, "v1/FORMAT"), "{\"layout\":1}\n")
      const store = yield* reopened(root)
      yield* store.putAction(actionOf(yield* store.putValue(1)))
      yield* store.flush()
      assert.deepStrictEqual(filesBelow(path.join(root, "v1")), ["FORMAT"])
      assert.deepStrictEqual(fs.readdirSync(root).sort(), ["v1", "v2"])
    }))

  it.effect("says which path stands in the way", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      fs.writeFileSync(path.join(folder, "file"), "")
      const failure = yield* Effect.flip(reopened(path.join(folder, "file")))
      assert.instanceOf(failure, StoreIo)
      assert.include(failure.message, path.join(folder, "file"))
    }).pipe(Effect.scoped))
})
