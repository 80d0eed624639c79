/**
 * Blobs, values, folders, actions and runs: made once, checked when read, damage found and moved away, nothing
 * half-written seen.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import fs from "node:fs"
import * as path from "node:path"
import { NotCanonical } from "../../cache/Digest.ts"
import type { Action, Manifest } from "../../cache/Manifest.ts"
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
      assert.strictEqual(filesBelow(path.join(store.root, "v1/blobs")).length, 1)
      assert.deepStrictEqual(filesBelow(path.join(store.root, "v1/tmp")), [])
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
        const digest = yield* first.putBlob("the bytes of a blob")
        corrupt(blobFile(first.root, digest), change)
        const store = yield* reopened(first.root)
        const failure = yield* Effect.flip(store.readBlob(digest))
        assert.instanceOf(failure, BlobDamaged)
        assert.match(failure.message, new RegExp(`blob ${digest} is damaged.*moved to quarantine/; run again`))
        assert.strictEqual(filesBelow(path.join(store.root, "v1/quarantine")).length, 1)
        assert.instanceOf(yield* Effect.flip(store.readBlob(digest)), BlobMissing)
        assert.strictEqual(yield* store.putBlob("the bytes of a blob"), digest)
        assert.strictEqual(Buffer.from(yield* store.readBlob(digest)).toString(), "the bytes of a blob")
      }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("writing a blob repairs a damaged one that nobody read", () =>
    Effect.gen(function*() {
      const first = yield* Store.Store
      const digest = yield* first.putBlob("the bytes of a blob")
      corrupt(blobFile(first.root, digest), flipped)
      const store = yield* reopened(first.root)
      yield* store.putBlob("the bytes of a blob")
      assert.strictEqual(
        Buffer.from(yield* (yield* reopened(first.root)).readBlob(digest)).toString(),
        "the bytes of a blob"
      )
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("a damaged chunk of a table is found", () =>
    Effect.gen(function*() {
      const first = yield* Store.Store
      const schema = [{ name: "x", type: { kind: "int64", nullable: false } }] as const
      const manifest = yield* first.putTable(schema, { x: [1, 2, 3] }, 3)
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
        return yield* Effect.flip(store.putBlob("too much"))
      }))
      assert.instanceOf(failure, DiskFull)
      assert.strictEqual(
        failure.message,
        `no space left in ${store.root}; free some space and run the same command again: finished rows are kept`
      )
      assert.deepStrictEqual(filesBelow(path.join(store.root, "v1")), ["FORMAT"])
      yield* store.putBlob("too much")
    }).pipe(Effect.provide(temporaryStore)))
})

describe("actions", () => {
  it.effect("an action comes back as it was, read by another process", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const action = actionOf(yield* store.putValue(1))
      assert.strictEqual(yield* store.getAction(key), undefined)
      assert.deepStrictEqual(yield* store.putAction(action), { kept: action, nondeterministic: false })
      assert.deepStrictEqual(yield* (yield* reopened(store.root)).getAction(key), action)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("the first action of a key stays; other content is noted, the same content is not", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const first = actionOf(yield* store.putValue(1))
      yield* store.putAction(first)
      const same = yield* store.putAction({ ...first, run: "r2" })
      assert.deepStrictEqual(same, { kept: first, nondeterministic: false })
      const other = yield* store.putAction(actionOf(yield* store.putValue(2)))
      assert.deepStrictEqual(other, { kept: first, nondeterministic: true })
      assert.deepStrictEqual(yield* store.getAction(key), first)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("an action whose blobs are gone gives way", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const manifest = yield* store.putValue(1)
      yield* store.putAction(actionOf(manifest))
      fs.rmSync(blobFile(store.root, manifest.blob))
      const second = actionOf(yield* store.putValue(2))
      assert.deepStrictEqual(yield* store.putAction(second), { kept: second, nondeterministic: true })
      assert.deepStrictEqual(yield* store.getAction(key), second)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect.each(
    [
      ["a flipped bit", flipped],
      ["a cut file", (bytes: Buffer) => bytes.subarray(0, bytes.length - 70)],
      [
        "another action's record",
        (bytes: Buffer) => Buffer.from(bytes.toString().replaceAll(key, key.replace("0", "1")))
      ]
    ] as const
  )("%s is damage: moved away, then a miss, then made anew", ([, change]) =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const action = actionOf(yield* store.putValue(1))
      yield* store.putAction(action)
      const file = path.join(store.root, "v1/actions", key.slice(0, 2), key)
      corrupt(file, change)
      assert.instanceOf(yield* Effect.flip(store.getAction(key)), BlobDamaged)
      assert.strictEqual(yield* store.getAction(key), undefined)
      assert.isFalse((yield* store.putAction(action)).nondeterministic)
      assert.deepStrictEqual(yield* store.getAction(key), action)
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

  it.effect("one unreadable record does not hide the others", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      yield* store.putRun(record("r1", "2026-01-01"))
      yield* store.putRun(record("r2", "2026-01-02"))
      corrupt(path.join(store.root, "v1/runs/r2.json"), flipped)
      assert.deepStrictEqual((yield* store.listRuns()).map((found) => found.run), ["r1"])
      assert.instanceOf(yield* Effect.flip(store.putRun(record("../r", ""))), StoreRefused)
    }).pipe(Effect.provide(temporaryStore)))
})

describe("layer", () => {
  it.effect("makes folders for their owner only, and opens them again", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      for (const folder of [root, path.join(root, "v1"), path.join(root, "v1/blobs")]) {
        assert.strictEqual(fs.statSync(folder).mode & 0o777, 0o700)
      }
      assert.strictEqual((yield* reopened(root)).root, root)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("refuses a format it does not know, naming both", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      corrupt(path.join(root, "v1/FORMAT"), (bytes) =>
        Buffer.from(bytes.toString().replace("\"layout\":1", "\"layout\":7")))
      const failure = yield* Effect.flip(reopened(root))
      assert.instanceOf(failure, StoreRefused)
      assert.include(failure.message, "\"layout\":1")
      assert.include(failure.message, "\"layout\":7")
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("says which path stands in the way", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      fs.writeFileSync(path.join(folder, "file"), "")
      const failure = yield* Effect.flip(reopened(path.join(folder, "file")))
      assert.instanceOf(failure, StoreIo)
      assert.include(failure.message, path.join(folder, "file"))
    }).pipe(Effect.scoped))
})
