/**
 * Tells Jupyter about Deno as a kernel, in this project only: `.jupyter/kernels/deno/kernel.json`, found through
 * `JUPYTER_PATH`. Deno's own installer would write into the user's home instead.
 *
 *     node notebooks/library/kernelspec.ts
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import process from "node:process"
import { pathToFileURL } from "node:url"
import { projectRootOf } from "../../runtime/Place.ts"

/** Writes the file and gives the folder that belongs into `JUPYTER_PATH`. */
export const writeKernelspec = (projectRoot: string): string => {
  const folder = join(projectRoot, ".jupyter")
  const kernel = join(folder, "kernels", "deno")
  mkdirSync(kernel, { recursive: true })
  const spec = {
    // By path, so that it is this project's Deno wherever Jupyter was started.
    argv: [join(projectRoot, "node_modules", ".bin", "deno"), "jupyter", "--kernel", "--conn", "{connection_file}"],
    display_name: "Deno",
    language: "typescript"
  }
  writeFileSync(join(kernel, "kernel.json"), `${JSON.stringify(spec, undefined, 2)}\n`)
  return folder
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const folder = writeKernelspec(projectRootOf(process.cwd()))
  console.log(`JUPYTER_PATH=${relative(process.cwd(), folder) || folder}`)
}
