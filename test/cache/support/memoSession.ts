/**
 * What the tests of the row log share: keys and payloads of numbered rows, sessions that open and close a memo as a
 * process of its own would, and logs written by hand. Left to the tests: what is in a log.
 */
import * as Effect from "effect/Effect"
import fs from "node:fs"
import * as path from "node:path"
import { digestBytes } from "../../../cache/Digest.ts"
import * as Store from "../../../cache/Store.ts"

export const rowFunction = digestBytes("row function")
export const keyOf = (row: number) => digestBytes(`row ${row}`)
export const text = (bytes: Uint8Array | undefined) => bytes === undefined ? undefined : Buffer.from(bytes).toString()
export const bytes = (value: string) => Buffer.from(value)

export const folderOf = (root: string) => path.join(Store.baseOf(root), "memo", rowFunction)
export const logsOf = (root: string) => fs.existsSync(folderOf(root)) ? fs.readdirSync(folderOf(root)).sort() : []

/** Puts a log of another process in place. */
export const writeLog = (root: string, log: Uint8Array) => {
  fs.mkdirSync(folderOf(root), { recursive: true })
  fs.writeFileSync(path.join(folderOf(root), "0-other.log"), log)
}

/** Runs `use` with a memo that is closed again. */
export const session = <A, E>(use: (memo: Store.Memo) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(Effect.flatMap(Store.Store, (store) => store.openMemo(rowFunction)), use))

/** The keys of numbered rows, one after the other. */
export const keysOf = (rows: ReadonlyArray<number>): Uint8Array =>
  Buffer.concat(rows.map((row) => Buffer.from(keyOf(row), "hex")))
