/**
 * A child process that holds a model and computes, seen from its parent: starts it, sends and hears messages, says how
 * it ended. It is no thread because of what a thread leaves behind: glibc keeps most of what onnxruntime frees for the
 * process that took it, and a process that the system kills for its memory, or that native code ends, is gone with all
 * its threads. What is said is the business of `Sampler.ts` and `Trainer.ts`; the child's end is `serveParent.ts`.
 */
import { type ChildProcess, fork } from "node:child_process"
import * as Module from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

export interface ModelProcessListener<From> {
  readonly heard: (message: From) => void
  /** Called once, after the last message, with how the process ended: "ended with code 1: out of memory". */
  readonly ended: (how: string) => void
}

/** Lines of the child's error output that are told when it ends. */
const keptLines = 3

/** Children of this process, which end with it; one that computes notices a closed channel only afterwards. */
const running = new Set<ChildProcess>()
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})

/**
 * How glibc gives memory to a model process; other systems take no notice. Large pages make a step a sixth cheaper in
 * processor time, and so does memory that stays with the process between two operations instead of being emptied by
 * the system each time. Blocks up to 32 MB, the most that glibc allows, are treated so; all of it goes with the process.
 */
const allocation = {
  "glibc.malloc.hugetlb": 1,
  "glibc.malloc.mmap_threshold": 2 ** 25,
  "glibc.malloc.trim_threshold": 2 ** 33
}

/**
 * The environment of a model process; what this one's names already stays. It finds its modules compiled, by this
 * process, the last child, or an earlier run: that halves the time until it listens.
 */
export const modelEnvironment = (): NodeJS.ProcessEnv => {
  // Deno has no such cache
  const used = Module.getCompileCacheDir?.()
  return {
    // the folder in use is one of a version of Node, below the one that the variable names
    NODE_COMPILE_CACHE: used === undefined ? join(tmpdir(), "node-compile-cache") : dirname(used),
    GLIBC_TUNABLES: Object.entries(allocation).map(([name, value]) => `${name}=${value}`).join(":"),
    ...process.env
  }
}

const inWords = (cause: number | NodeJS.Signals | Error, lines: ReadonlyArray<string>): string => {
  if (cause instanceof Error) return `could not be started (${cause.message})`
  const ended = typeof cause === "number" ? `ended with code ${cause}` : `was ended by ${cause}`
  return lines.length === 0 ? ended : `${ended}: ${lines.join("; ")}`
}

export class ModelProcess<To extends object, From> {
  readonly #child: ChildProcess
  /** Settles when the process has ended and its memory is free. */
  readonly ended: Promise<void>

  /** Starts the module `entry`, which calls `serveParent`, on `task`. Both are plain data, copied on their way. */
  constructor(entry: URL, task: object, listener: ModelProcessListener<From>) {
    this.#child = fork(fileURLToPath(entry), [], {
      serialization: "advanced",
      // flags of the parent, such as a program to evaluate, are not the child's
      execArgv: [],
      env: modelEnvironment(),
      stdio: ["ignore", "ignore", "pipe", "ipc"]
    })
    running.add(this.#child)
    this.#child.on("message", (message) => listener.heard(message as From))
    this.ended = this.#end().then((how) => {
      running.delete(this.#child)
      listener.ended(how)
    })
    this.send(task as To)
  }

  /** Sends nothing when the process has ended, which `ended` tells. */
  send(message: To): void {
    this.#child.send(message, () => {})
  }

  /** Whether this process stays alive for the child. */
  keepAlive(whether: boolean): void {
    const { channel, stderr } = this.#child
    const method = whether ? "ref" : "unref"
    this.#child[method]()
    channel?.[method]()
    ;(stderr as import("node:net").Socket)[method]()
  }

  /** Ends the process at once. */
  kill(): void {
    this.#child.kill("SIGKILL")
  }

  /** Waits for the end of the process and of what it has sent, and tells how it came. */
  async #end(): Promise<string> {
    const lines: Array<string> = []
    createInterface({ input: this.#child.stderr! }).on("line", (line) => {
      lines.push(line.trim())
      if (lines.length > keptLines) lines.shift()
    })
    const closed = new Promise<number | NodeJS.Signals>((resolve) =>
      this.#child.once("close", (code, signal) => resolve(code ?? signal!))
    )
    const disconnected = new Promise((resolve) => this.#child.once("disconnect", resolve))
    const failed = new Promise<Error>((resolve) => this.#child.once("error", resolve))
    // messages may lie in the channel when the process is gone
    return inWords(await Promise.race([disconnected.then(() => closed), failed]), lines)
  }
}
