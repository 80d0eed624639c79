/**
 * The tables and figures of the paper: each plans on the synthetic world and, unchanged, at the paper's scale; one of them
 * runs with few rows and two seeds, up to its report.
 */
import { join } from "node:path"
import { readdirSync } from "node:fs"
import { afterAll, assert, describe, it } from "vitest"
import { projectRoot, start, temporaryFolder } from "../support/pipeline.ts"

const folder = temporaryFolder()
afterAll(folder.remove)

const cache = join(folder.path, "cache")
const files = readdirSync(join(projectRoot, "experiments/paper")).filter((name) => name !== "scale.ts").sort()
const cli = (args: ReadonlyArray<string>, env: { readonly [name: string]: string | undefined } = {}) =>
  start([...args, "--cache", cache], { env }).finished

describe("the paper's tables and figures", () => {
  it("are these", () => {
    assert.deepStrictEqual(files, [
      "ablationTable.ts",
      "alternativeSpec.ts",
      "controls.ts",
      "expertFraction.ts",
      "mainTable.ts",
      "unknowns.ts",
      "verificationFigure.ts"
    ])
  })

  it("plan at the paper's scale, unchanged", async () => {
    for (const file of files) {
      for (const scale of file === "mainTable.ts" ? ["world", "paper"] : ["paper"]) {
        const { exitCode, stderr, stdout } = await cli(["plan", `experiments/paper/${file}`], {
          SINTERNAL_SCALE: scale
        })
        assert.strictEqual(exitCode, 0, `${file} ${scale}: ${stderr}`)
        assert.match(stdout, /\nreport +waiting/)
        assert.strictEqual(stdout.includes("assumed: eight hours on eight GPUs"), scale === "paper")
      }
    }
  })

  it("say what a scale may be", async () => {
    const { exitCode, stderr } = await cli(["plan", "experiments/paper/controls.ts"], { SINTERNAL_SCALE: "huge" })
    assert.strictEqual(exitCode, 2)
    assert.include(stderr, "SINTERNAL_SCALE cannot be \"huge\"")
  })

  it("run up to a report with all arms, seeds, judges and counts", async () => {
    const settings = {
      "train.prompts": { train: 80 },
      "train.maths": { "train-maths": 20 },
      "rollouts.perPrompt": 4,
      "sft.epochs": 1,
      "evaluation.prompts": { wrappers: 40, benign: 20, maths: 10 },
      "evaluation.verificationItems": 20
    }
    const sets = Object.entries(settings).flatMap(([path, value]) => ["--set", `${path}=${JSON.stringify(value)}`])
    const run = await cli(["run", "experiments/paper/alternativeSpec.ts", "--json", ...sets], { SINTERNAL_SEEDS: "2" })
    assert.strictEqual(run.exitCode, 0, run.stderr)
    const { stdout } = await cli(["show", "report"])
    for (const title of ["Results", "Notes", "Change from base", "By seed", "Two judges", "Data", "Configuration"]) {
      assert.include(stdout, `## ${title}`)
    }
    assert.match(stdout, /\| measure +\| +n \| +base \| +own specification \| +own, shown whole \| +the other one \|/)
    // 40 prompts of two seeds each
    assert.match(stdout, /\| attack success, unseen wrappers ↓ +\| +80 \|/)
    assert.include(stdout, "Leak check: none of 70 evaluation prompts is among 100 training prompts")
  })
})
