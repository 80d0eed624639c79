/**
 * What a folder of the cache holds, by name; nothing where there is no such folder: a cache is looked after while others
 * work on it.
 */
import * as fs from "node:fs"
import { unlessGone } from "./unlessGone.ts"

export const listed = (folder: string): ReadonlyArray<string> => (unlessGone(() => fs.readdirSync(folder)) ?? []).sort()
