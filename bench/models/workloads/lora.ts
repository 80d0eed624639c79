/**
 * A LoRA step: rank 16 on all seven linears, token-weighted cross entropy, clipping, AdamW; with activations kept and
 * recomputed on both sides. Also how near ours comes to the speed of the matrix product alone.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { linearNames } from "../../../models/Llama.ts"
import { trainGraph } from "../../../models/train/trainGraph.ts"
import { type Bench, ours, theirs, withSides, type Workload } from "../Bench.ts"
import { benchConfig, endToken, randomRows } from "../benchModel.ts"
import { productFlops } from "../productFlops.ts"
import type { Unit } from "../Side.ts"

/** Relative. Losses are equal at the first step; later ones differ as the adapters' random halves do. */
const lossTolerance = 1e-4

const flopsOf = ({ sizes: { lora: { length, rows } } }: Bench, checkpointing: boolean): number =>
  productFlops(() =>
    trainGraph(benchConfig, {
      batch: rows,
      length,
      targets: rows * (length - 1),
      mode: { kind: "lora", rank: 16, alpha: 32, targets: linearNames },
      loss: { kind: "ce" },
      checkpointing
    })
  )

const lossProblems = (name: string, ours: Unit, theirs: Unit): ReadonlyArray<string> => {
  const [a, b] = [ours.result["loss"] as number, theirs.result["loss"] as number]
  return Math.abs(a - b) <= lossTolerance * Math.abs(b) ? [] : [`${name}: our first loss is ${a}, theirs ${b}`]
}

const speed = ({ cpuS, result }: Unit): number => (result["flops"] as number) / cpuS

export const lora: Workload = {
  figures: ["lora", "lora-recompute", "lora-both", "peak"],
  measure: async (bench) => {
    const { folder, model, record, runs, say, sizes, threads: { training: threads } } = bench
    const rows = join(folder, "rows.json")
    const { length } = sizes.lora
    writeFileSync(rows, JSON.stringify(randomRows(sizes.lora.rows, length - 1, 1).map((ids) => [...ids, endToken])))
    const sides = [
      await ours(bench, "lora", model, join(folder, "kept"), threads, rows, "keep"),
      await ours(bench, "lora", model, join(folder, "recomputed"), threads, rows, "recompute"),
      await theirs(bench, "lora", model, threads, rows, "keep"),
      await theirs(bench, "lora", model, threads, rows, "recompute"),
      await ours(bench, "gemm", threads)
    ] as const
    const flops = flopsOf(bench, false)
    const recomputedFlops = flopsOf(bench, true)
    await withSides(sides, async () => {
      let problems: ReadonlyArray<string> = []
      // round 0 is the warm-up
      for (let round = 0; round <= runs; round++) {
        const [kept, recomputed, theirKept, theirRecomputed, gemm] = sides
        const before = await gemm.work()
        const keptUnit = await kept.work()
        const theirKeptUnit = await theirKept.work()
        const recomputedUnit = await recomputed.work()
        const theirRecomputedUnit = await theirRecomputed.work()
        const peak = Math.max(speed(before), speed(await gemm.work()))
        if (round === 0) {
          problems = [
            ...lossProblems("activations kept", keptUnit, theirKeptUnit),
            ...lossProblems("activations recomputed", recomputedUnit, theirRecomputedUnit)
          ]
          continue
        }
        say(`lora: round ${round} of ${runs}`)
        record.add("lora", { ours: keptUnit, theirs: theirKeptUnit, problems })
        record.add("lora-recompute", { ours: recomputedUnit, theirs: theirKeptUnit, problems })
        record.add("lora-both", { ours: recomputedUnit, theirs: theirRecomputedUnit, problems })
        record.add("peak", { ours: keptUnit, share: flops / keptUnit.cpuS / peak })
        const again = recomputedFlops / recomputedUnit.cpuS / peak
        record.note(
          "peak",
          `the products' ${(flops / 1e9).toFixed(0)} GFLOP; peak ${(peak / 1e9).toFixed(0)} GFLOP/s a core; ` +
            `recomputing, ${(recomputedFlops / 1e9).toFixed(0)} GFLOP at ${(100 * again).toFixed(0)} %`
        )
      }
    })
  }
}
