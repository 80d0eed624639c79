/**
 * What npm has put beside a project: into its own `node_modules`, or into that of a folder above it, where a project that
 * lies in another has its packages. The nearest counts, as for Node's imports.
 */
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"

/** The absolute path of `path` in the nearest `node_modules` that has it; undefined where none has. */
export const installed = (projectRoot: string, path: string): string | undefined => {
  const found = join(projectRoot, "node_modules", path)
  if (existsSync(found)) return found
  return dirname(projectRoot) === projectRoot ? undefined : installed(dirname(projectRoot), path)
}
