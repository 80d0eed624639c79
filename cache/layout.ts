/**
 * Where a cache keeps what: the folder of this version's layout below a cache's root. Another layout gets another folder
 * beside it, so that two versions share a root without meeting. What lies in it is the business of `Store.ts`.
 */
import * as path from "node:path"

/** The layout this version reads and writes. */
export const layout = 2

/** The folder of this version's files below a cache's root; all other paths are relative to it. */
export const baseOf = (root: string): string => path.join(root, `v${layout}`)
