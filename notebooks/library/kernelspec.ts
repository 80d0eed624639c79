/**
 * Tells Jupyter about Deno as a kernel, in this project only: `.jupyter/kernels/deno/kernel.json`, found through
 * `JUPYTER_PATH`. Deno's own installer would write into the user's home instead.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** The Deno of a project, and whether it is installed. */
export const denoOf = (projectRoot: string) => {
  const path = join(projectRoot, "node_modules", ".bin", "deno")
  return { path, installed: existsSync(path) }
}

/** Writes the file and gives the folder that belongs into `JUPYTER_PATH`. */
export const writeKernelspec = (projectRoot: string): string => {
  const folder = join(projectRoot, ".jupyter")
  const kernel = join(folder, "kernels", "deno")
  mkdirSync(kernel, { recursive: true })
  const spec = {
    // By path, so that it is this project's Deno wherever Jupyter was started.
    argv: [denoOf(projectRoot).path, "jupyter", "--quiet", "--kernel", "--conn", "{connection_file}"],
    display_name: "Deno",
    language: "typescript"
  }
  writeFileSync(join(kernel, "kernel.json"), `${JSON.stringify(spec, undefined, 2)}\n`)
  return folder
}
