/**
 * The journal: small blobs and actions of several writers in one place, durable together, damage found and mended.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import fs from "node:fs"
import * as path from "node:path"
import { digestBytes } from "../../cache/Digest.ts"
import { frameSize, isHeader } from "../../cache/log/Frame.ts"
import type { Action } from "../../cache/Manifest.ts"
import * as Store from "../../cache/Store.ts"
import { BlobDamaged, BlobMissing, DiskFull } from "../../cache/StoreFailed.ts"
import { filesBelow, noSpace, reopened, replaceFs, temporaryStore } from "./support/tempStore.ts"

const actionOf = (name: string, blob: string): Action => ({
  key: digestBytes(name),
  node: name,
  label: name,
  manifest: { kind: "value", blob, content: digestBytes(`content ${blob}`) },
  parts: { key: { name } },
  startedAt: "2026-01-01T00:00:00.000Z",
  durationMs: 1,
  usage: { tokens: 0, usd: 0, seconds: 0 },
  run: "r1",
  host: { cpu: "some cpu", node: "v24", platform: "linux x64" }
})

type Opened = Store.Store["Service"]

/** Records a named result, as an engine does. */
const record = Effect.fnUntraced(function*(store: Opened, name: string) {
  const { blob } = yield* store.putValue(`value of ${name}`)
  return yield* store.putAction(actionOf(name, blob))
})

const journalOf = (root: string) => path.join(Store.baseOf(root), "journal")
const logs = (root: string) =>
  filesBelow(journalOf(root)).filter((name) => name.endsWith(".log")).map((name) => path.join(journalOf(root), name))

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

/** Offsets of the frames of a log. */
const offsetsOf = (bytes: Buffer): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let at = 0; at < bytes.length && isHeader(bytes, at); at += frameSize(bytes, at)) found.push(at)
  return found
}

describe("writing", () => {
  it.effect("a thousand results need a few syncs and one file, and are all there for the next process", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      let syncs = 0
      const count = <F extends (...args: Array<never>) => unknown>(call: F) =>
        ((...args: Parameters<F>) => {
          syncs++
          return call(...args)
        }) as unknown as F
      yield* Effect.scoped(Effect.gen(function*() {
        const { fdatasync, fdatasyncSync, fsyncSync } = fs
        yield* replaceFs({
          fdatasync: count(fdatasync) as typeof fs.fdatasync,
          fdatasyncSync: count(fdatasyncSync),
          fsyncSync: count(fsyncSync)
        })
        for (const i of numbers(1000)) yield* record(store, `node ${i}`)
        yield* store.flush()
      }))
      assert.isAtMost(syncs, 10)
      assert.strictEqual(logs(store.root).length, 1)
      const other = yield* reopened(store.root)
      for (const i of numbers(1000)) {
        const action = other.peekAction(digestBytes(`node ${i}`))!
        assert.strictEqual(action.node, `node ${i}`)
        assert.strictEqual(yield* other.readValue(action.manifest as never), `value of node ${i}`)
      }
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("wherever a log is cut, no action is there whose blob is not", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      for (const i of numbers(3)) yield* record(store, `node ${i}`)
      yield* store.flush()
      const [log] = logs(store.root)
      const whole = fs.readFileSync(log!)
      const offsets = [...offsetsOf(whole), whole.length]
      assert.strictEqual(offsets.length, 7)
      for (let cut = 0; cut <= whole.length; cut += 7) {
        fs.writeFileSync(log!, whole.subarray(0, cut))
        yield* Effect.scoped(Effect.gen(function*() {
          const other = yield* reopened(store.root)
          for (const i of numbers(3)) {
            const action = other.peekAction(digestBytes(`node ${i}`))
            assert.strictEqual(action !== undefined, cut >= offsets[2 * i + 2]!)
            if (action !== undefined) assert.isTrue(yield* other.holds(action.manifest))
          }
        }))
      }
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("a full disk fails what waits for it, takes the action back, and the next one goes through", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const failed = yield* Effect.scoped(Effect.gen(function*() {
        yield* replaceFs({
          writev: ((_: number, __: unknown, ___: number, done: (error: Error) => void) =>
            setImmediate(() =>
              done(noSpace())
            )) as unknown as typeof fs.writev
        })
        const { durable } = yield* record(store, "lost")
        assert.instanceOf(yield* Effect.flip(store.flush()), DiskFull)
        return yield* Effect.flip(durable)
      }))
      assert.instanceOf(failed, DiskFull)
      assert.strictEqual(store.peekAction(digestBytes("lost")), undefined)
      yield* (yield* record(store, "lost")).durable
      const action = (yield* reopened(store.root)).peekAction(digestBytes("lost"))!
      assert.strictEqual(yield* store.readValue(action.manifest as never), "value of lost")
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("three writers share a journal: each finds what the others recorded, once it asks", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const stores = [yield* reopened(root), yield* reopened(root), yield* reopened(root)]
      for (const i of numbers(30)) yield* record(stores[i % 3]!, `node ${i}`)
      for (const store of stores) yield* store.flush()
      assert.strictEqual(logs(root).length, 3)
      for (const store of stores) {
        for (const i of numbers(30)) {
          const action = (yield* store.getAction(digestBytes(`node ${i}`), { refresh: true }))!
          assert.strictEqual(yield* store.readValue(action.manifest as never), `value of node ${i}`)
        }
      }
    }).pipe(Effect.provide(temporaryStore)))

  it.live("a claim is free for others only once what was recorded under it can be found", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const [one, two] = [yield* reopened(root), yield* reopened(root)]
      const key = digestBytes("node")
      yield* Effect.scoped(Effect.andThen(one.claim(key, () => undefined), record(one, "node")))
      let waited = false
      yield* Effect.scoped(Effect.gen(function*() {
        yield* two.claim(key, () => void (waited = true))
        assert.strictEqual((yield* two.getAction(key, { refresh: true }))?.node, "node")
      }))
      assert.isTrue(waited)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("logs of a hundred processes become few, and lose nothing", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      for (const i of numbers(100)) {
        yield* Effect.scoped(Effect.flatMap(reopened(root), (store) => record(store, `node ${i}`)))
      }
      assert.isAtMost(logs(root).length, 40)
      const store = yield* reopened(root)
      for (const i of numbers(100)) {
        const action = store.peekAction(digestBytes(`node ${i}`))!
        assert.strictEqual(yield* store.readValue(action.manifest as never), `value of node ${i}`)
      }
    }).pipe(Effect.provide(temporaryStore)))
})

describe("damage", () => {
  it.effect("of a blob is found, copied to quarantine, then a miss, and mended for all by writing it again", () =>
    Effect.gen(function*() {
      const first = yield* Store.Store
      const { blob } = yield* first.putValue("the value")
      yield* record(first, "behind")
      yield* first.flush()
      const [log] = logs(first.root)
      const bytes = fs.readFileSync(log!)
      bytes[50]! ^= 4
      fs.writeFileSync(log!, bytes)
      const store = yield* reopened(first.root)
      assert.strictEqual(store.peekAction(digestBytes("behind"))?.node, "behind")
      assert.isFalse(yield* store.holds({ kind: "value", blob, content: blob }))
      const failure = yield* Effect.flip(store.readBlob(blob))
      assert.instanceOf(failure, BlobDamaged)
      assert.include(failure.message, `blob ${blob} is damaged`)
      const quarantine = path.join(Store.baseOf(store.root), "quarantine")
      const [copy] = filesBelow(quarantine)
      assert.isTrue(fs.readFileSync(path.join(quarantine, copy!)).equals(bytes.subarray(0, frameSize(bytes, 0))))
      assert.instanceOf(yield* Effect.flip(store.readBlob(blob)), BlobMissing)
      yield* store.putValue("the value")
      yield* store.flush()
      for (const each of [store, yield* reopened(first.root)]) {
        assert.strictEqual((yield* each.readBlob(blob)).toString(), "\"the value\"")
      }
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("anywhere in a log costs what it hits, and nothing that is returned is wrong", () =>
    Effect.gen(function*() {
      const first = yield* Store.Store
      for (const i of numbers(6)) yield* record(first, `node ${i}`)
      yield* first.flush()
      const [log] = logs(first.root)
      const whole = fs.readFileSync(log!)
      for (let at = 0; at < whole.length; at += 11) {
        const bytes = Buffer.from(whole)
        bytes[at]! ^= 1 << (at & 7)
        fs.writeFileSync(log!, bytes)
        yield* Effect.scoped(Effect.gen(function*() {
          const store = yield* reopened(first.root)
          let lost = 0
          for (const i of numbers(6)) {
            const action = store.peekAction(digestBytes(`node ${i}`))
            if (action === undefined || !(yield* store.holds(action.manifest))) lost++
            else assert.strictEqual(yield* store.readValue(action.manifest as never), `value of node ${i}`)
          }
          assert.strictEqual(lost, 1)
        }))
      }
    }).pipe(Effect.provide(temporaryStore)))
})

describe("a journal with an index", () => {
  const many = 700

  const recordMany = Effect.fnUntraced(function*(root: string) {
    yield* Effect.scoped(Effect.gen(function*() {
      const store = yield* reopened(root)
      for (const i of numbers(many)) yield* record(store, `node ${i}`)
    }))
    const [log] = logs(root)
    assert.isTrue(fs.existsSync(`${log}.idx`))
    return log!
  })

  it.effect("gives what was recorded; damage of the log is found when it is read, and mended for all", () =>
    Effect.gen(function*() {
      const { root } = yield* Store.Store
      const log = yield* recordMany(root)
      const bytes = fs.readFileSync(log)
      bytes[bytes.indexOf("\"node\":\"node 9\"") + 3]! ^= 1
      bytes[bytes.indexOf("\"value of node 11\"") + 3]! ^= 1
      fs.writeFileSync(log, bytes)
      const store = yield* reopened(root)
      assert.strictEqual(store.peekAction(digestBytes("node 9")), undefined)
      assert.instanceOf(yield* Effect.flip(store.getAction(digestBytes("node 9"))), BlobDamaged)
      const eleventh = store.peekAction(digestBytes("node 11"))!
      assert.instanceOf(yield* Effect.flip(store.readValue(eleventh.manifest as never)), BlobDamaged)
      yield* record(store, "node 9")
      yield* record(store, "node 11")
      yield* store.flush()
      for (const each of [store, yield* reopened(root), yield* reopened(root)]) {
        for (const i of numbers(many)) {
          const action = each.peekAction(digestBytes(`node ${i}`))!
          assert.strictEqual(yield* each.readValue(action.manifest as never), `value of node ${i}`)
        }
      }
    }).pipe(Effect.provide(temporaryStore)))
})
