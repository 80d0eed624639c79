/**
 * Where a definition stands, for messages: the file and line that called `Node.make` or one of its siblings.
 */
import { relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import type { Site } from "./definitionSite.ts"
import { isEngineFile } from "../engineFile.ts"

/** ` (nodes/verify.ts:12)`, relative to the folder the command was called in; empty for what has no place. */
export const placeOfSite = (site: Site): string => {
  const frame = site.frames.find(({ url }) => !isEngineFile(fileURLToPath(url)))
  if (frame === undefined) return ""
  return ` (${relative(process.cwd(), fileURLToPath(frame.url)).split(sep).join("/")}:${frame.line})`
}
