/**
 * What the tests of inputs share: wheels made on the spot, and a stand-in for pip that copies one where it is told to.
 */
import { hash } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { strToU8, zipSync } from "fflate"
import type { PackagePin } from "../../../nodes/inputs/PackagePin.ts"

export const sha256 = (bytes: Uint8Array | string): string => hash("sha256", bytes, "hex")

/** A folder that is removed with the scope. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "inputs-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

export const makeWheel = (files: { readonly [path: string]: string }): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, strToU8(text)])))

export const pinOf = (wheel: Uint8Array, files: PackagePin["files"] = {}): PackagePin => ({
  name: "demo-set",
  version: "1.2.3",
  sha256: sha256(wheel),
  files
})

/** A command that behaves like `pip download`: copies `wheel` into `--dest`, and writes its arguments to a log. */
export const fakePip = (folder: string, wheel: Uint8Array): {
  readonly command: readonly [string, ...Array<string>]
  readonly calls: () => ReadonlyArray<ReadonlyArray<string>>
} => {
  const [script, source, log] = [join(folder, "pip.cjs"), join(folder, "served.whl"), join(folder, "calls.log")]
  writeFileSync(source, wheel)
  writeFileSync(log, "")
  writeFileSync(
    script,
    `const fs = require("fs"), path = require("path"), args = process.argv.slice(2)
fs.appendFileSync(${JSON.stringify(log)}, JSON.stringify(args) + "\\n")
fs.copyFileSync(${
      JSON.stringify(source)
    }, path.join(args[args.indexOf("--dest") + 1], "demo_set-1.2.3-py3-none-any.whl"))`
  )
  return {
    command: [process.execPath, script],
    calls: () => readFileSync(log, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line))
  }
}
