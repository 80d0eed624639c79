/**
 * A project of its own in a temporary folder: the experiments of `project/`, sources that a workload writes, a cache
 * and a counter. Edits are made to the copy as a user makes them.
 */
import {
  closeSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Ended, repository, start, type Started, startNode } from "./Command.ts"

const template = fileURLToPath(new URL("./project", import.meta.url))

/** A file system in memory, on Linux. */
const memory = "/dev/shm"

/** How often bodies ran, and sources were read into tables. */
export interface Counted {
  readonly executed: number
  readonly read: number
}

/** The project without its cache. */
const copyProject = (path: string): void => {
  cpSync(template, path, { recursive: true })
  for (const file of readdirSync(path, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue
    const text = readFileSync(join(path, file), "utf8")
    writeFileSync(join(path, file), text.replaceAll(/"(?:\.\.\/)+(?=runtime\/)/g, `"${repository}/`))
  }
  writeFileSync(join(path, "package.json"), JSON.stringify({ name: "bench", type: "module", private: true }))
  mkdirSync(join(path, "node_modules"))
  symlinkSync(join(repository, "node_modules", "effect"), join(path, "node_modules", "effect"))
  mkdirSync(join(path, "sources"))
}

/** What the files below a folder take on the disk. Unit: bytes. */
const diskBytes = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name)
    return sum + (entry.isDirectory() ? diskBytes(path) : lstatSync(path).blocks * 512)
  }, 0)

export class Workspace {
  readonly path: string
  readonly cache: string
  readonly #memory: string
  readonly #counter: string
  readonly #env: NodeJS.ProcessEnv
  #seen: Counted = { executed: 0, read: 0 }

  constructor(parent: string) {
    const folder = mkdtempSync(join(parent, "bench-engine-"))
    this.path = join(folder, "project")
    this.cache = join(folder, "cache")
    // in memory where the system has a place for it: a byte on a disk costs more than the engine spends on a row
    this.#memory = mkdtempSync(join(existsSync(memory) ? memory : parent, "bench-counter-"))
    this.#counter = join(this.#memory, "counter")
    copyProject(this.path)
    writeFileSync(this.#counter, "")
    this.#env = {
      ...process.env,
      PIPELINE_CACHE: this.cache,
      BENCH_COUNTER: this.#counter,
      BENCH_FAILURES: this.failuresFile
    }
  }

  get failuresFile(): string {
    return join(this.path, "..", "failures")
  }

  /** The place of a file of the project. */
  file(name: string): string {
    return join(this.path, name)
  }

  write(name: string, text: string): void {
    writeFileSync(this.file(name), text)
  }

  /** Replaces a part of a file. **Throws** where that changes nothing: a bench of no edit would be right for nothing. */
  edit(name: string, from: string, to: string): void {
    const before = readFileSync(this.file(name), "utf8")
    const after = before.replace(from, to)
    if (after === before) throw new Error(`the edit changes nothing in ${name}: ${from}`)
    writeFileSync(this.file(name), after)
  }

  /** Starts a command in the project. */
  start(...args: ReadonlyArray<string>): Started {
    return start(args, { cwd: this.path, env: this.#env })
  }

  /** Runs a command in the project to its end. */
  call(...args: ReadonlyArray<string>): Promise<Ended> {
    return this.start(...args).ended
  }

  /** Runs a program of the project to its end, with a counter that counts for nobody. */
  bare(...args: ReadonlyArray<string>): Promise<Ended> {
    return startNode(args, { cwd: this.path, env: { ...this.#env, BENCH_COUNTER: `${this.#counter}-bare` } }).ended
  }

  /** Bodies so far; cheap enough to ask every millisecond. */
  executedSoFar(): number {
    return statSync(this.#counter).size - this.#seen.executed - this.#seen.read
  }

  /** Bodies since this was last asked. */
  counted(): Counted {
    const all = { executed: 0, read: 0 }
    const fd = openSync(this.#counter, "r")
    const block = Buffer.alloc(1 << 20)
    for (let length = 0; (length = readSync(fd, block)) > 0;) {
      for (let at = 0; at < length; at++) {
        if (block[at] === 0x72) all.read++
        else all.executed++
      }
    }
    closeSync(fd)
    const since = { executed: all.executed - this.#seen.executed, read: all.read - this.#seen.read }
    this.#seen = all
    return since
  }

  cacheBytes(): number {
    return existsSync(this.cache) ? diskBytes(this.cache) : 0
  }

  /** An empty cache and a counter at zero, the project as it is. */
  clear(): void {
    rmSync(this.cache, { recursive: true, force: true })
    rmSync(this.failuresFile, { force: true })
    writeFileSync(this.#counter, "")
    this.#seen = { executed: 0, read: 0 }
  }

  remove(): void {
    rmSync(join(this.path, ".."), { recursive: true, force: true })
    rmSync(this.#memory, { recursive: true, force: true })
  }
}
