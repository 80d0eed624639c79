/**
 * `npm run bench:engine`: measures the engine through its command line and says what is right, how fast it is, and
 * whether that is enough. Ends with 1 when something is not.
 *
 *     node bench/engine/main.ts [W1 W6 …] [--runs 5] [--quick] [--json] [--folder DIR] [--width N] [--rows N]
 *
 * Figures share their preparation: a workload runs when one of its figures is named, by its whole name or as `W6*`.
 */
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os"
import { parseArgs } from "node:util"
import { figures, fullSizes, quickSizes, type Sizes } from "./figures.ts"
import { Measurements } from "./Measurements.ts"
import type { Bench, Workload } from "./steps.ts"
import { tableLines } from "./table.ts"
import { clauses } from "./workloads/clauses.ts"
import { dag, dagFaults, largeDag } from "./workloads/dag.ts"
import { retries } from "./workloads/retries.ts"
import { largeRows, plainRows, rowFaults, rows } from "./workloads/rows.ts"
import { start } from "./workloads/start.ts"
import { sweep } from "./workloads/sweep.ts"

const workloads: ReadonlyArray<Workload> = [
  start,
  dag,
  largeDag,
  dagFaults,
  sweep,
  retries,
  rows,
  plainRows,
  largeRows,
  rowFaults,
  clauses
]

const parse = () =>
  parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      folder: { type: "string", default: tmpdir() },
      width: { type: "string" },
      rows: { type: "string" }
    }
  })

const integer = (name: string, text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} ${text}: give a whole number above 0`)
  return value
}

/** The workloads that have a figure of these names; all where none is named. */
const chosen = (names: ReadonlyArray<string>): ReadonlyArray<Workload> => {
  if (names.length === 0) return workloads
  const known = figures.map(({ id }) => id)
  const wanted = names.flatMap((name) => {
    const ids = name.endsWith("*") ? known.filter((id) => id.startsWith(name.slice(0, -1))) : [name]
    if (!ids.every((id) => known.includes(id)) || ids.length === 0) {
      throw new Error(`there is no figure ${name}; known: ${known.join(" ")}`)
    }
    return ids
  })
  return workloads.filter((workload) => workload.figures.some((id) => wanted.includes(id)))
}

interface Asked {
  readonly bench: Bench
  readonly workloads: ReadonlyArray<Workload>
  /** Whether limits count: they are for full sizes. */
  readonly timed: boolean
  readonly json: boolean
}

const ask = (): Asked => {
  const { positionals, values } = parse()
  const width = values.width === undefined ? undefined : integer("width", values.width)
  const rows = values.rows === undefined ? undefined : integer("rows", values.rows)
  const own: Partial<Sizes> = {
    ...(width === undefined ? {} : { width, killedWidth: width }),
    ...(rows === undefined ? {} : { rows, largeRows: rows, killedRows: rows })
  }
  return {
    bench: {
      sizes: { ...(values.quick ? quickSizes : fullSizes), ...own },
      runs: values.runs === undefined ? (values.quick ? 1 : 5) : integer("runs", values.runs),
      folder: values.folder,
      record: new Measurements(),
      say: (line) => console.error(line)
    },
    workloads: chosen(positionals),
    timed: !values.quick && Object.keys(own).length === 0,
    json: values.json
  }
}

const machine = (): string =>
  `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? "an unknown kind"}, Node ${process.version}, ` +
  `load ${loadavg()[0]!.toFixed(1)}`

const main = async ({ bench, json, timed, workloads }: Asked): Promise<void> => {
  const before = machine()
  for (const workload of workloads) {
    const begun = performance.now()
    await workload.measure(bench)
    bench.say(`${workload.figures.join(" ")}: ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  }
  const measured = bench.record.figures(bench.sizes, timed)
  const failed = measured.filter(({ verdict }) => verdict !== "right")
  if (json) {
    console.log(JSON.stringify({ machine: before, sizes: bench.sizes, runs: bench.runs, timed, figures: measured }))
  } else {
    console.log(`${before} before, ${loadavg()[0]!.toFixed(1)} after; ${bench.runs} runs, median (best)`)
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
