/**
 * The Python side's environment: a folder of its own, made by `uv` from hashed requirements when it is not there. One
 * that is there is taken as it is, so that another build of PyTorch can be put into it; its versions are printed.
 */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const repository = fileURLToPath(new URL("../..", import.meta.url))
const folder = join(repository, ".venv-bench-models")
const requirements = join(repository, "requirements", "bench-models.txt")

const uv = (...args: ReadonlyArray<string>): void => {
  const { error, status } = spawnSync("uv", args, { stdio: ["ignore", "ignore", "inherit"] })
  if (error !== undefined) {
    throw new Error(`uv cannot be started (${error.message}); install it, or name a Python with --python`)
  }
  if (status !== 0) throw new Error(`uv ${args[0]} ended with ${status}; remove ${folder} before the next try`)
}

/** The interpreter of the environment. **Fails**: throws when `uv` cannot make it. */
export const benchPython = (): string => {
  const python = process.platform === "win32"
    ? join(folder, "Scripts", "python.exe")
    : join(folder, "bin", "python")
  if (!existsSync(python)) {
    console.error(`making ${folder}`)
    uv("venv", "--python", "3.11", folder)
    uv("pip", "sync", "--python", python, "--require-hashes", requirements)
  }
  return python
}
