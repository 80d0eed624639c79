/**
 * Where a definition stands, for messages: the file and line that called `Node.make` or one of its siblings.
 */
import { relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { isEngineFile } from "../engineFile.ts"
import type { Site } from "./definitionSite.ts"

const isProjectFile = (file: string): boolean => !isEngineFile(file) && !file.includes(`${sep}node_modules${sep}`)

/** ` (nodes/verify.ts:12)`, relative to the folder the command was called in; empty for what has no place. */
export const placeOfSite = (site: Site): string => {
  const frame = site.frames.find(({ url }) => isProjectFile(fileURLToPath(url)))
  if (frame === undefined) return ""
  return ` (${relative(process.cwd(), fileURLToPath(frame.url)).split(sep).join("/")}:${frame.line})`
}
