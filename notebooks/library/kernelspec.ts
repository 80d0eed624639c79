/**
 * Tells Jupyter about Deno as a kernel, in this project only: `.jupyter/kernels/deno/kernel.json`, found through
 * `JUPYTER_PATH`. Deno's own installer would write into the user's home instead.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { installed } from "./installed.ts"

/** The Deno that a project has; undefined where it is not installed. */
export const denoOf = (projectRoot: string): string | undefined => installed(projectRoot, join(".bin", "deno"))

/** Writes the file for this Deno and gives the folder that belongs into `JUPYTER_PATH`. */
export const writeKernelspec = (projectRoot: string, deno: string): string => {
  const folder = join(projectRoot, ".jupyter")
  const kernel = join(folder, "kernels", "deno")
  mkdirSync(kernel, { recursive: true })
  const spec = {
    // By path, so that it is this project's Deno wherever Jupyter was started.
    argv: [deno, "jupyter", "--quiet", "--kernel", "--conn", "{connection_file}"],
    display_name: "Deno",
    language: "typescript"
  }
  writeFileSync(join(kernel, "kernel.json"), `${JSON.stringify(spec, undefined, 2)}\n`)
  return folder
}
