/**
 * `npm run bench:models`: measures the model engine beside PyTorch, peft, Hugging Face generate and TRL on the same
 * work, one after the other, and says whether it is fast enough. Ends with 1 when it is not.
 *
 *     node bench/models/main.ts [lora decode grpo first-token both] [--runs 3] [--threads N] [--quick] [--json]
 *       [--python FILE] [--folder DIR]
 *
 * A workload runs when its name or one of its figures is named.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import type { Bench, Workload } from "./Bench.ts"
import { writeBenchModel } from "./benchModel.ts"
import { benchPython } from "./environment.ts"
import { fullSizes, quickSizes } from "./figures.ts"
import { Measurements } from "./Measurements.ts"
import { tableLines } from "./table.ts"
import { both } from "./workloads/both.ts"
import { decode } from "./workloads/decode.ts"
import { firstToken } from "./workloads/firstToken.ts"
import { grpo } from "./workloads/grpo.ts"
import { lora } from "./workloads/lora.ts"

const workloads: Readonly<Record<string, Workload>> = { "first-token": firstToken, both, lora, decode, grpo }

const parse = () =>
  parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: "string" },
      threads: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      python: { type: "string" },
      folder: { type: "string", default: tmpdir() }
    }
  })

const integer = (name: string, text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} ${text}: give a whole number above 0`)
  return value
}

const known = Object.entries(workloads).flatMap(([name, { figures }]) => [name, ...figures])

/** The workloads of these names; all where none is named. */
const chosen = (names: ReadonlyArray<string>): ReadonlyArray<Workload> => {
  const stranger = names.find((name) => !known.includes(name))
  if (stranger !== undefined) {
    throw new Error(`there is no figure ${stranger}; known: ${[...new Set(known)].join(" ")}`)
  }
  return Object.entries(workloads).flatMap(([name, workload]) =>
    names.length === 0 || [name, ...workload.figures].some((each) => names.includes(each)) ? [workload] : []
  )
}

interface Asked {
  readonly bench: Omit<Bench, "folder" | "model">
  readonly parent: string
  readonly workloads: ReadonlyArray<Workload>
  readonly versions: Map<string, string>
  /** Whether limits count: they are for full sizes. */
  readonly timed: boolean
  readonly json: boolean
}

const ask = (): Asked => {
  const { positionals, values } = parse()
  const versions = new Map<string, string>()
  const { python } = values
  const threads = values.threads === undefined ? undefined : integer("threads", values.threads)
  return {
    bench: {
      sizes: values.quick ? quickSizes : fullSizes,
      runs: values.runs === undefined ? (values.quick ? 1 : 3) : integer("runs", values.runs),
      threads: { training: threads ?? Math.min(2, availableParallelism()), decoding: threads ?? 1 },
      python: () => python ?? benchPython(),
      record: new Measurements(),
      say: (line) => console.error(line),
      runsOn: (found) => {
        for (const [name, version] of Object.entries(found)) versions.set(name, version)
      }
    },
    parent: values.folder,
    workloads: chosen(positionals),
    versions,
    timed: !values.quick,
    json: values.json
  }
}

const machine = (): string =>
  `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? "an unknown kind"}, load ${loadavg()[0]!.toFixed(1)}`

const main = async ({ bench, json, parent, timed, versions, workloads }: Asked): Promise<void> => {
  const before = machine()
  const folder = mkdtempSync(join(parent, "sinternal-bench-"))
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
  const model = join(folder, "model")
  mkdirSync(model)
  bench.say("writing the model")
  await writeBenchModel(model)
  for (const workload of workloads) await workload.measure({ ...bench, folder, model })
  const measured = bench.record.figures(timed)
  const failed = measured.filter(({ pass }) => !pass)
  const { runs, sizes, threads } = bench
  if (json) {
    const ran = { machine: before, versions: Object.fromEntries(versions), sizes, runs, threads, timed }
    console.log(JSON.stringify({ ...ran, figures: measured }))
  } else {
    console.log(
      `${before} before, ${loadavg()[0]!.toFixed(1)} after; ${runs} runs; ` +
        `threads: ${threads.training} in training, ${threads.decoding} in decoding`
    )
    console.log([...versions].map(([name, version]) => `${name} ${version}`).join(", "))
    console.log(tableLines(measured, timed).join("\n"))
    console.log(failed.length === 0 ? "all pass" : `${failed.length} of ${measured.length} figures fail`)
  }
  if (failed.length > 0) process.exitCode = 1
}

process.on("SIGINT", () => process.exit(130)) // children and folders are ended and removed on exit
process.on("SIGTERM", () => process.exit(143))

let asked: Asked | undefined
try {
  asked = ask()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
if (asked !== undefined) await main(asked)
