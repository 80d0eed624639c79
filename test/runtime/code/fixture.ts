/**
 * Programs of a few small files, written to a folder of their own, and what their digests are: what the tests of
 * `runtime/code` share.
 */
import * as Effect from "effect/Effect"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll } from "vitest"
import type { CodeDigest, CodeDigests, OpenOptions } from "../../../runtime/code/CodeDigests.ts"
import * as Code from "../../../runtime/code/CodeDigests.ts"

/** Texts by path. The entry is `experiment.ts`. */
export type Files = { readonly [path: string]: string }

const scratch = realpathSync(mkdtempSync(join(tmpdir(), "code-digest-")))
afterAll(() => rmSync(scratch, { recursive: true }))

export const write = (files: Files): string => {
  const root = mkdtempSync(join(scratch, "program-"))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

export const openAt = (root: string, options: Partial<OpenOptions> = {}): Promise<CodeDigests> =>
  Effect.runPromise(Code.open({
    root,
    entry: "experiment.ts",
    opaque: (file) => file.startsWith(join(root, "runtime")) ? "engine" : undefined,
    locate: "stack",
    ...options
  }))

export const open = (files: Files, options: Partial<OpenOptions> = {}): Promise<CodeDigests> =>
  openAt(write({ "package.json": `{ "type": "module" }`, ...files }), options)

/** The digest of an export of `experiment.ts`. */
export const digestOf = async (files: Files, name = "default"): Promise<CodeDigest> =>
  (await open(files)).ofExport("experiment.ts", name)

/** One replacement in one file; `""` as what to replace appends. */
export type Edit = readonly [file: string, from: string | RegExp, to: string]

/** The files after the edits; an edit that finds nothing is a mistake of the test. */
export const edited = (files: Files, edits: ReadonlyArray<Edit>): Files => {
  const next: { [path: string]: string } = { ...files }
  for (const [file, from, to] of edits) {
    const text = next[file] ?? ""
    next[file] = from === "" ? text + to : text.replaceAll(from, to)
    if (next[file] === text) throw new Error(`the edit of ${file} finds nothing: ${from}`)
  }
  return next
}
