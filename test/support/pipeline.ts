/**
 * Runs the command line as a user does, in a process of its own with a cache of its own, and reads what it left.
 */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as CacheStore from "../../cache/Store.ts"
import type { Event } from "../../runtime/Event.ts"

export const projectRoot = fileURLToPath(new URL("../..", import.meta.url))

export const temporaryFolder = () => {
  const path = mkdtempSync(join(tmpdir(), "sinternal-"))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export interface Finished {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** With `--json`: what happened, in order. */
  readonly events: ReadonlyArray<Event>
}

export interface Started {
  readonly finished: Promise<Finished>
  /** Events so far; grows while the process runs. */
  readonly events: ReadonlyArray<Event>
  readonly kill: (signal: NodeJS.Signals) => void
  /** Calls back at every event. */
  readonly onEvent: (listener: (event: Event) => void) => void
}

export interface StartOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** No file may grow beyond this, as if the disk were full. Unit: the shell's blocks, of 512 or 1,024 bytes. */
  readonly largestFile?: number
  /** A program that starts the command it is given, and its first arguments. */
  readonly through?: ReadonlyArray<string>
}

/** Starts `pipeline` with these arguments. */
export const start = (args: ReadonlyArray<string>, options: StartOptions = {}): Started => {
  const command = [process.execPath, join(projectRoot, "runtime", "bin.mjs"), ...args]
  const limited = options.largestFile === undefined
    ? []
    : ["/bin/sh", "-c", `ulimit -f ${options.largestFile} && exec "$@"`, "sh"]
  const [program, ...rest] = [...options.through ?? [], ...limited, ...command]
  const child = spawn(program!, rest, {
    cwd: options.cwd ?? projectRoot,
    env: { ...process.env, ...options.env }
  })
  const events: Array<Event> = []
  const listeners: Array<(event: Event) => void> = []
  let stdout = ""
  let stderr = ""
  let begun = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
    const lines = (begun + text).split("\n")
    begun = lines.pop()!
    for (const line of lines) {
      if (!line.startsWith("{\"event\"")) continue
      const event = JSON.parse(line) as Event
      events.push(event)
      for (const listener of listeners) listener(event)
    }
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text))
  const finished = new Promise<Finished>((resolve) =>
    child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr, events }))
  )
  return {
    finished,
    events,
    kill: (signal) => void child.kill(signal),
    onEvent: (listener) => void listeners.push(listener)
  }
}

export const pipeline = (...args: ReadonlyArray<string>): Promise<Finished> => start(args).finished

/** The cells of a table node in the latest run that has it. */
export const readTable = (cache: string, label: string): Promise<{ readonly [column: string]: ReadonlyArray<any> }> =>
  Effect.runPromise(
    Effect.gen(function*() {
      const store = yield* CacheStore.Store
      for (const run of yield* store.listRuns()) {
        const manifest = run.nodes.find((node) => node.label === label)?.manifest
        if (manifest?.kind === "table") return yield* store.readTable(manifest)
      }
      throw new Error(`no run in ${cache} has a table ${label}`)
    }).pipe(Effect.provide(CacheStore.layer(cache)))
  )

/** The rate of a metric over the sets, from a scores node: hits, n and the share in percent. */
export const rate = (
  scores: { readonly [column: string]: ReadonlyArray<any> },
  metric: string,
  ...sets: ReadonlyArray<string>
) => {
  let hits = 0
  let n = 0
  for (const [index, each] of scores["metric"]!.entries()) {
    if (each !== metric || (sets.length > 0 && !sets.includes(scores["set"]![index]))) continue
    hits += scores["hits"]![index]
    n += scores["n"]![index]
  }
  return { hits, n, percent: (100 * hits) / n }
}
