/** Folders in and out of the store: paths, moving without copying, links, damage, and manifests that would escape. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import fs from "node:fs"
import * as path from "node:path"
import { digestBytes } from "../../cache/Digest.ts"
import * as Store from "../../cache/Store.ts"
import { BlobDamaged, StoreRefused } from "../../cache/StoreFailed.ts"
import {
  blobFile,
  corrupt,
  filesBelow,
  flipped,
  reopened,
  temporaryFolder,
  temporaryStore
} from "./support/tempStore.ts"

const key = digestBytes("key")

const sampleFolder = Effect.map(temporaryFolder, (folder) => {
  fs.mkdirSync(path.join(folder, "adapter/deep"), { recursive: true })
  fs.writeFileSync(path.join(folder, "config.json"), "{}")
  fs.writeFileSync(path.join(folder, "adapter/deep/weights.bin"), Buffer.alloc(3_000_000, 7))
  fs.writeFileSync(path.join(folder, "adapter/copy.json"), "{}")
  return folder
})

describe("folders", () => {
  it.effect("a folder becomes a manifest without machine paths and is shown again", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const folder = yield* sampleFolder
      const manifest = yield* store.putFolder(folder)
      assert.deepStrictEqual(manifest.files.map((file) => [file.path, file.bytes]), [
        ["adapter/copy.json", 2],
        ["adapter/deep/weights.bin", 3_000_000],
        ["config.json", 2]
      ])
      assert.notInclude(JSON.stringify(manifest), folder)
      assert.isTrue(fs.existsSync(path.join(folder, "config.json")))
      const shown = yield* store.folderPath(manifest)
      assert.deepStrictEqual(filesBelow(shown), ["adapter/copy.json", "adapter/deep/weights.bin", "config.json"])
      assert.strictEqual(fs.readFileSync(path.join(shown, "adapter/copy.json"), "utf8"), "{}")
      assert.strictEqual(fs.statSync(path.join(shown, "config.json")).mode & 0o222, 0)
      assert.strictEqual(yield* store.folderPath(manifest), shown)
      assert.deepStrictEqual(yield* store.putFolder(shown), manifest)
    }).pipe(Effect.scoped, Effect.provide(temporaryStore)))

  it.effect("a work folder survives, and moving it takes the files over without copying", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const work = yield* store.workFolder(key)
      fs.writeFileSync(path.join(work, "step-1"), "state")
      const { ino } = fs.statSync(path.join(work, "step-1"))
      assert.strictEqual(yield* (yield* reopened(store.root)).workFolder(key), work)
      const manifest = yield* store.putFolder(work, { move: true })
      assert.isFalse(fs.existsSync(work))
      assert.strictEqual(fs.statSync(path.join(yield* store.folderPath(manifest), "step-1")).ino, ino)
      assert.deepStrictEqual(filesBelow(path.join(Store.baseOf(store.root), "tmp")), [])
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("links to files are followed; links to folders are refused", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const folder = yield* sampleFolder
      fs.symlinkSync("config.json", path.join(folder, "link.json"))
      const manifest = yield* store.putFolder(folder)
      assert.strictEqual(manifest.files.find((file) => file.path === "link.json")?.bytes, 2)
      fs.symlinkSync("adapter", path.join(folder, "loop"))
      const failure = yield* Effect.flip(store.putFolder(folder))
      assert.instanceOf(failure, StoreRefused)
      assert.include(failure.message, "loop")
    }).pipe(Effect.scoped, Effect.provide(temporaryStore)))

  it.effect("a shown folder that was changed is made anew; with a damaged blob it fails", () =>
    Effect.gen(function*() {
      const first = yield* Store.Store
      const manifest = yield* first.putFolder(yield* sampleFolder)
      const shown = yield* first.folderPath(manifest)
      fs.rmSync(path.join(shown, "config.json"))
      fs.writeFileSync(path.join(shown, "config.json"), "{ }")
      assert.strictEqual(yield* (yield* reopened(first.root)).folderPath(manifest), shown)
      assert.strictEqual(fs.readFileSync(path.join(shown, "config.json"), "utf8"), "{}")
      // Links share the bytes, so damage of a blob is damage of the folder.
      corrupt(blobFile(first.root, manifest.files[1]!.blob), flipped)
      assert.instanceOf(yield* Effect.flip((yield* reopened(first.root)).folderPath(manifest)), BlobDamaged)
    }).pipe(Effect.scoped, Effect.provide(temporaryStore)))

  it.effect("a folder whose file is also in the journal is shown from there, and mended from there", () =>
    Effect.gen(function*() {
      const first = yield* Store.Store
      const blob = yield* first.putBlob("{}")
      yield* first.flush()
      const manifest = { kind: "folder", files: [{ path: "config.json", blob, bytes: 2 }], content: key } as const
      const shown = yield* first.folderPath(manifest)
      assert.strictEqual(fs.readFileSync(path.join(shown, "config.json"), "utf8"), "{}")
      corrupt(blobFile(first.root, blob), flipped)
      const again = yield* (yield* reopened(first.root)).folderPath(manifest)
      assert.strictEqual(fs.readFileSync(path.join(again, "config.json"), "utf8"), "{}")
    }).pipe(Effect.scoped, Effect.provide(temporaryStore)))

  it.effect("a manifest cannot name files outside its folder", () =>
    Effect.gen(function*() {
      const store = yield* Store.Store
      const blob = yield* store.putBlob("x")
      for (const name of ["../evil", "/evil", "a/../../evil", "a//b", ""]) {
        const failure = yield* Effect.flip(
          store.folderPath({ kind: "folder", files: [{ path: name, blob, bytes: 1 }], content: key })
        )
        assert.instanceOf(failure, StoreRefused)
      }
      assert.deepStrictEqual(fs.readdirSync(path.join(Store.baseOf(store.root), "tmp")), [])
    }).pipe(Effect.provide(temporaryStore)))
})
