/**
 * What every workload is given, and how it starts the two sides.
 */
import { fileURLToPath } from "node:url"
import { modelEnvironment } from "../../models/process/ModelProcess.ts"
import type { Sizes } from "./figures.ts"
import type { Measurements } from "./Measurements.ts"
import { Side, type Versions } from "./Side.ts"

export interface Bench {
  readonly sizes: Sizes
  /** How often each figure is measured. */
  readonly runs: number
  /** Threads that both sides compute with. */
  readonly threads: { readonly training: number; readonly decoding: number }
  /** Temporary folder of this bench; the model lies in `model` below it. */
  readonly folder: string
  readonly model: string
  /** The interpreter of the Python side. */
  readonly python: () => string
  readonly record: Measurements
  readonly say: (line: string) => void
  /** Is told of the versions of every side. */
  readonly runsOn: (versions: Versions) => void
}

/** Figures that share their preparation. */
export interface Workload {
  readonly figures: ReadonlyArray<string>
  readonly measure: (bench: Bench) => Promise<void>
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/**
 * Neither side's idle threads spin: spinning counts as CPU time, and beside other work it costs PyTorch several times
 * its real work. Ours have it off always.
 */
const withoutSpinning = { OMP_WAIT_POLICY: "PASSIVE" }

const started = async (bench: Bench, side: Promise<Side>): Promise<Side> => {
  const ready = await side
  bench.runsOn(ready.versions)
  return ready
}

/** Starts `ours/NAME.ts`, as samplers and trainers are started. */
export const ours = (bench: Bench, name: string, ...args: ReadonlyArray<string | number>): Promise<Side> =>
  started(
    bench,
    Side.start(`our ${name}`, [process.execPath, file(`ours/${name}.ts`), ...args.map(String)], modelEnvironment())
  )

/** Starts `python/NAME.py`. */
export const theirs = (bench: Bench, name: string, ...args: ReadonlyArray<string | number>): Promise<Side> =>
  started(
    bench,
    Side.start(`Python's ${name}`, [bench.python(), file(`python/${name}.py`), ...args.map(String)], withoutSpinning)
  )

/** Runs `work` on sides that are ended however it ends. */
export const withSides = async <A>(sides: ReadonlyArray<Side>, work: () => Promise<A>): Promise<A> => {
  try {
    return await work()
  } finally {
    for (const side of sides) await side.end()
  }
}
