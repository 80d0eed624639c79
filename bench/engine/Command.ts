/**
 * One process under measurement: the command line as users start it, with the time, memory and cores it used. Whether
 * it did right is the workload's to say.
 */
import { spawn } from "node:child_process"
import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const repository = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "")

const bin = join(repository, "runtime", "bin.mjs")
const meter = fileURLToPath(new URL("./meter.cjs", import.meta.url))

/** Longest that one process may take before it counts as hung. Unit: milliseconds. */
const patienceMs = 300_000

/** What a process used. Units: seconds, bytes. */
export interface Use {
  readonly wallS: number
  /** `wallS` less the time the main thread waited for a core: what an idle machine would have shown. */
  readonly quietS: number
  /** User and system time of all threads. */
  readonly cpuS: number
  readonly rssBytes: number
}

export interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Undefined for a process that was killed: it could not say. */
  readonly use: Use | undefined
}

export interface Started {
  readonly ended: Promise<Ended>
  /** `kill -9` of the whole process group. */
  readonly killGroup: () => void
}

interface Options {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

let processes = 0

/** What the meter wrote. */
const readUse = (file: string, wallS: number): Use | undefined => {
  try {
    const said = JSON.parse(readFileSync(file, "utf8").split("\n")[0]!)
    return {
      wallS,
      quietS: wallS - said.waitedNs / 1e9,
      cpuS: said.cpuUs / 1e6,
      rssBytes: said.maxRssKiB * 1024
    }
  } catch {
    return undefined
  } finally {
    rmSync(file, { force: true })
  }
}

/** Starts a program of Node under measurement. */
export const startNode = (args: ReadonlyArray<string>, { cwd, env }: Options): Started => {
  const meterFile = join(cwd, `meter-${process.pid}-${processes++}`)
  const begun = performance.now()
  const child = spawn(process.execPath, ["--require", meter, ...args], {
    cwd,
    env: { ...env, BENCH_METER: meterFile },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true // a process group of its own, so that the group can be killed
  })
  const killGroup = () => {
    try {
      process.kill(-child.pid!, "SIGKILL")
    } catch {
      // it has ended
    }
  }
  process.prependOnceListener("exit", killGroup) // before its folder is removed
  const hung = setTimeout(killGroup, patienceMs)
  let stdout = ""
  let stderr = ""
  let wallS = 0
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text))
  child.on("exit", () => void (wallS = (performance.now() - begun) / 1000))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (exitCode, signal) => {
      clearTimeout(hung)
      process.removeListener("exit", killGroup)
      resolve({ exitCode, signal, stdout, stderr, use: readUse(meterFile, wallS) })
    })
  })
  return { ended, killGroup }
}

/** Starts `pipeline` with these arguments. */
export const start = (args: ReadonlyArray<string>, options: Options): Started => startNode([bin, ...args], options)

/** Both together, as if one: the longer wall, the sum of everything else. */
export const together = (uses: ReadonlyArray<Use>): Use => ({
  wallS: Math.max(...uses.map((use) => use.wallS)),
  quietS: Math.max(...uses.map((use) => use.quietS)),
  cpuS: uses.reduce((sum, use) => sum + use.cpuS, 0),
  rssBytes: uses.reduce((sum, use) => sum + use.rssBytes, 0)
})
