/**
 * A cache in a folder of its own, gone when the test's scope ends, and the file systems' failures that tests need. Left
 * to the tests: what is stored.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import * as os from "node:os"
import * as path from "node:path"
import * as Store from "../../../cache/Store.ts"

/** A fresh folder for the scope. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "sinternal-cache-"))),
  (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true, force: true }))
)

/** A store in a fresh folder. */
export const temporaryStore = Layer.unwrap(
  Effect.map(temporaryFolder, (folder) => Store.layer(path.join(folder, "cache")))
)

/** All files below a folder, relative, sorted. */
export const filesBelow = (folder: string): ReadonlyArray<string> =>
  fs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort()

/** The error of a full disk. */
export const noSpace = (): Error =>
  Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" })

/** Replaces functions of node:fs until the scope ends. */
export const replaceFs = (replacement: Partial<typeof fs>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const original = Object.fromEntries(Object.keys(replacement).map((name) => [name, fs[name as keyof typeof fs]]))
      Object.assign(fs, replacement)
      syncBuiltinESMExports()
      return original
    }),
    (original) =>
      Effect.sync(() => {
        Object.assign(fs, original)
        syncBuiltinESMExports()
      })
  )

/** Where a blob lies. */
export const blobFile = (root: string, digest: string) =>
  path.join(Store.baseOf(root), "blobs", digest.slice(0, 2), digest.slice(2))

/** Changes the bytes of a read-only file in place. */
export const corrupt = (file: string, change: (bytes: Buffer) => Buffer) => {
  const bytes = fs.readFileSync(file)
  fs.chmodSync(file, 0o600)
  fs.writeFileSync(file, change(bytes))
}

/** One bit in the middle changed. */
export const flipped = (bytes: Buffer) => {
  bytes[bytes.length >> 1]! ^= 4
  return bytes
}

/** A second process on the same folder, until the scope ends: it has verified nothing yet. */
export const reopened = (root: string) =>
  Effect.map(Layer.build(Store.layer(root)), (context) => Context.get(context, Store.Store))
