/**
 * Which files are the engine: the runtime and the cache, as sources or bundled. They count as one fixed name in code
 * digests, and messages name the first place outside them.
 */
import { join, sep } from "node:path"
import { fileURLToPath } from "node:url"

const packageRoot = fileURLToPath(new URL("..", import.meta.url))

const folders = ["runtime", "cache", join("dist", "start")].map((folder) => join(packageRoot, folder) + sep)

export const isEngineFile = (file: string): boolean => folders.some((folder) => file.startsWith(folder))
