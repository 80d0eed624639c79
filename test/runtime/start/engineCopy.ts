/**
 * A copy of the engine in a temporary folder, with packages linked and the small project of the fault tests beside it:
 * what an installed checkout looks like, to be bundled, edited and moved.
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { projectRoot, temporaryFolder } from "../../support/pipeline.ts"

export interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

const spawned = (args: ReadonlyArray<string>, cwd: string): Ended => {
  const { status, stderr, stdout } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" })
  return { exitCode: status, stdout, stderr }
}

const fixture = join("test", "faults", "fixtures", "project")

export class EngineCopy {
  readonly root: string
  readonly #remove: () => void

  /** `without`: packages that are not installed. */
  constructor(without: ReadonlyArray<string> = []) {
    const folder = temporaryFolder()
    this.#remove = folder.remove
    this.root = join(folder.path, "engine")
    for (const name of ["runtime", "cache", "models", "nodes", "cli", fixture, "package.json"]) {
      cpSync(join(projectRoot, name), join(this.root, name), { recursive: true })
    }
    writeFileSync(join(this.project, "package.json"), "{\"type\":\"module\"}")
    mkdirSync(join(this.root, "node_modules"))
    for (const name of readdirSync(join(projectRoot, "node_modules"))) {
      if (name.startsWith(".") || without.includes(name)) continue
      symlinkSync(join(projectRoot, "node_modules", name), join(this.root, "node_modules", name))
    }
  }

  get project(): string {
    return join(this.root, fixture)
  }

  /** What npm runs after an install. */
  prepare(): Ended {
    return spawned([join("runtime", "prepare.mjs")], this.root)
  }

  /** A command, called inside the small project. */
  call(...args: ReadonlyArray<string>): Ended {
    return spawned([join(this.root, "runtime", "bin.mjs"), ...args], this.project)
  }

  path(file: string): string {
    return join(this.root, file)
  }

  edit(file: string, change: (text: string) => string): void {
    const before = readFileSync(this.path(file), "utf8")
    const after = change(before)
    if (after === before) throw new Error(`the edit changes nothing in ${file}`)
    writeFileSync(this.path(file), after)
  }

  removeBundle(): void {
    rmSync(this.path("dist"), { recursive: true, force: true })
  }

  /** Moves the copy, as a checkout that is copied elsewhere. Its files have other times afterwards. */
  copyTo(name: string): EngineCopy {
    const root = join(this.root, "..", name)
    cpSync(this.root, root, { recursive: true, verbatimSymlinks: true })
    return Object.assign(Object.create(EngineCopy.prototype) as EngineCopy, { root })
  }

  remove(): void {
    this.#remove()
  }
}
