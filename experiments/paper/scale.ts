/**
 * At which scale the tables and figures of this folder run: on the synthetic world, or with the paper's numbers against
 * GPU servers (`SINTERNAL_SCALE=paper`, to plan and price), and with how many training seeds (`SINTERNAL_SEEDS=3`).
 */
import * as Layer from "effect/Layer"
import type { settings } from "../../pipelines/arm.ts"
import type { Overrides } from "../../runtime/Config.ts"
import { ExperimentInvalid } from "../../runtime/Error.ts"
import { comparisonLayers, paperLayers, paperNumbers } from "../ds14b.ts"
import { world, worldLayers } from "../quickstart.ts"
import { worldSecondJudge, worldTeacher } from "../world/layers.ts"

type Numbers = Overrides<typeof settings>

const refused = (variable: string, value: string, next: string) =>
  new ExperimentInvalid({ experiment: "experiments/paper", reason: `${variable} cannot be "${value}"`, next })

// what these two choose reaches nodes as ports and parameters
const scale = process.env["SINTERNAL_SCALE"] ?? "world" // pipeline: allow env
if (scale !== "world" && scale !== "paper") throw refused("SINTERNAL_SCALE", scale, "set it to world or paper")

/** Whether these are the paper's numbers. */
export const atPaperScale: boolean = scale === "paper"

const seedCount = process.env["SINTERNAL_SEEDS"] ?? "1" // pipeline: allow env
if (!/^[1-9]$/.test(seedCount)) throw refused("SINTERNAL_SEEDS", seedCount, "set it to a number from 1 to 9")

/** Training seeds; data, rollouts and critiques are the same for all. */
export const seeds: ReadonlyArray<number> = Array.from({ length: Number(seedCount) }, (_, seed) => seed)

/** What all arms have in common. */
export const numbers: Numbers = atPaperScale
  ? paperNumbers
  : { ...world, arm: { imitationTarget: "{reasoning} </think> {answer}" } }

/** One arm's config: what all have in common, and what makes it. */
export const withNumbers = (own: Numbers, seed: number): Numbers => {
  const merged: { [name: string]: unknown } = { ...numbers }
  for (const [name, value] of Object.entries({ ...own, seeds: { data: 0, train: seed } })) {
    const known = merged[name]
    merged[name] = typeof value === "object" && typeof known === "object" ? { ...known, ...value } : value
  }
  return merged
}

/** Who plays the roles. */
export const layers = () =>
  atPaperScale
    ? Layer.mergeAll(paperLayers(), comparisonLayers())
    : Layer.mergeAll(worldLayers(), worldSecondJudge, worldTeacher)

/** Who the two judges are. */
export const judges: string = atPaperScale
  ? "First judge: Llama-Guard-3-8B; second: Qwen3Guard-Gen-8B, strict, which also rewards in stage 2."
  : "First judge: any value of the asked kind counts as telling; second: only the true value does."

/** What must stand under every table made on the synthetic world. */
export const caveats: ReadonlyArray<string> = atPaperScale
  ? []
  : [
    "Made on the synthetic world, with a base of 0.34 million parameters: it shows that the comparison runs and what this toy does, and is no evidence for the paper's numbers.",
    "Judges, expert and teacher are exact rules over text, so no judge's error is carried; the two judges differ by definition."
  ]
