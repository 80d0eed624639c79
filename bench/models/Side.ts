/**
 * One of the engines under measurement, as a process of its own: it does one unit of work whenever it is asked, and says
 * what that took. What a unit is, is the business of the programs in `ours/` and `python/`; who is asked when,
 * `interleave.ts`'.
 *
 * A program reads requests from its standard input, one JSON line each, and writes its answers to descriptor 3. Its first
 * line, `{ versions }`, says that it is ready.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"

/** What one unit of work took. Units: seconds, bytes. */
export interface Unit {
  readonly wallS: number
  /** User and system time of all threads of the process. */
  readonly cpuS: number
  /** Peak of the process so far. */
  readonly rssBytes: number
  /** What the unit computed, to be compared with the other side's. */
  readonly result: { readonly [name: string]: number | ReadonlyArray<number> }
}

export type Versions = { readonly [name: string]: string }

/** Lines of a program's error output that are kept for a failure. */
const keptLines = 12

/** Sides that still run, to be ended when the bench is. */
const running = new Set<ChildProcess>()
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})

export class Side {
  readonly name: string
  readonly versions: Versions
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #errors: ReadonlyArray<string>

  private constructor(name: string, child: ChildProcess, lines: AsyncIterator<string>, errors: ReadonlyArray<string>) {
    this.name = name
    this.versions = {}
    this.#child = child
    this.#lines = lines
    this.#errors = errors
  }

  /** Starts a program and waits until it is ready. **Fails**: rejects with the end of its error output. */
  static async start(name: string, command: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}): Promise<Side> {
    const [program, ...args] = command as [string, ...Array<string>]
    const child = spawn(program, args, {
      stdio: ["pipe", "ignore", "pipe", "pipe"],
      env: { ...process.env, ...env }
    })
    running.add(child)
    child.once("exit", () => running.delete(child))
    child.once("error", (cause) => errors.push(cause.message))
    const errors: Array<string> = []
    createInterface({ input: child.stderr! }).on("line", (line) => {
      errors.push(line)
      if (errors.length > keptLines) errors.shift()
    })
    // what is written to a program that has ended is noticed when its answer is read
    child.stdin!.on("error", () => {})
    const lines = createInterface({ input: child.stdio[3] as Readable })[Symbol.asyncIterator]()
    const side = new Side(name, child, lines, errors)
    return Object.assign(side, { versions: (await side.#read<{ readonly versions: Versions }>()).versions })
  }

  /** One unit of work. **Fails**: rejects with the end of the program's error output. */
  async work(request: object = {}): Promise<Unit> {
    const stdin: Writable = this.#child.stdin!
    stdin.write(`${JSON.stringify(request)}\n`)
    return this.#read<Unit>()
  }

  /** Ends the program by closing its input. */
  async end(): Promise<void> {
    const { exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null) return
    const exited = new Promise((resolve) => this.#child.once("exit", resolve))
    this.#child.stdin!.end()
    await exited
  }

  async #read<A>(): Promise<A> {
    const { done, value } = await this.#lines.next()
    if (done !== true) return JSON.parse(value)
    await new Promise((resolve) => setImmediate(resolve))
    throw new Error(`${this.name} ended before it answered:\n${this.#errors.join("\n")}`)
  }
}
