/**
 * The paper's setting: DeepSeek-R1-Distill-Qwen-14B on its own rollouts, an expert behind an API, a guard for rewards and
 * another for evaluation. `plan` prices it; `run` says what is missing; `run --rehearse` goes through the whole file on
 * the synthetic world with embedded models.
 *
 * Servers are named by environment variables, and no key is ever stored. Public sets are files you put into `data/`
 * yourself, as they are published; what a licence forbids is refused, and terms must be accepted by name.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync } from "node:fs"
import { publishedSet, publishedSets } from "../nodes/inputs/publishedSets.ts"
import { expectedFilePrompts } from "../nodes/layer/expectedFilePrompts.ts"
import { httpExpert } from "../nodes/layer/httpExpert.ts"
import { httpGuard } from "../nodes/layer/httpGuard.ts"
import { httpSampler } from "../nodes/layer/httpSampler.ts"
import { httpTeacher } from "../nodes/layer/httpTeacher.ts"
import { missingTrainer } from "../nodes/layer/missingTrainer.ts"
import type { PromptsInvalid } from "../nodes/service/PromptSource.ts"
import { sinternal } from "../pipelines/sinternal.ts"
import * as Experiment from "../runtime/Experiment.ts"
import { world, worldLayers } from "./quickstart.ts"

const server = (variable: string, port: number) => process.env[variable] ?? `http://127.0.0.1:${port}/v1`

/** Sets of your own, one JSON object a line with the fields named here. */
const own = { prompt: "prompt", label: "label", topic: "topic", family: "family", reference: "reference" }
const trainFile = "data/train.jsonl"
const verificationFile = "data/verification.jsonl"

/** Public sets in their published layouts, the file each is expected in, and what it is used for. */
const published = {
  "train-maths": { name: "dapoMath", file: "data/dapo-math-17k.parquet", use: "training" },
  wildJailbreak: { name: "wildJailbreak", file: "data/wildjailbreak-eval.parquet", use: "evaluation" },
  strongReject: { name: "strongReject", file: "data/strongreject_dataset.csv", use: "evaluation" },
  fortress: { name: "fortress", file: "data/fortress_public.parquet", use: "evaluation" },
  hCoT: { name: "hCoT", file: "data/malicious-educator.parquet", use: "evaluation" },
  xsTest: { name: "xsTestSafe", file: "data/xstest_prompts.csv", use: "evaluation" },
  math500: { name: "math500", file: "data/math-500.jsonl", use: "evaluation" },
  aime2024: { name: "aime2024", file: "data/aime-2024.jsonl", use: "evaluation" }
} as const

/** Terms that you accept, by the names above: `SINTERNAL_ACCEPT=wildJailbreak,fortress`. */
const accepted = (process.env["SINTERNAL_ACCEPT"] ?? "").split(",").map((name) => name.trim())

/** A file that is there is held against its licence; one that is not is only expected. */
const publishedFile = (set: keyof typeof published) => {
  const { file, name, use } = published[set]
  return existsSync(file)
    ? publishedSet(name, file, { use, acceptLicence: accepted.includes(set) })
    : { file, columns: publishedSets[name].columns }
}

const publishedNames = Object.keys(published) as ReadonlyArray<keyof typeof published>

const prompts = Layer.unwrap(Effect.try({
  try: () =>
    expectedFilePrompts({
      prompts: {
        train: { file: trainFile, columns: own },
        ...Object.fromEntries(publishedNames.map((set) => [set, publishedFile(set)]))
      },
      verification: {
        verification: {
          file: verificationFile,
          columns: { prompt: "prompt", answer: "answer", verdict: "verdict", topic: "topic" }
        }
      }
    }, {
      [trainFile]:
        "the paper's prompt pool is not public; harmful and benign prompts of your own, none of them in an evaluation set",
      [verificationFile]: "pairs of prompt and answer with a known verdict, of your own",
      ...Object.fromEntries(publishedNames.map((set) => {
        const { file, name } = published[set]
        return [file, `${publishedSets[name].from} (${publishedSets[name].licence})`]
      }))
    }),
  catch: (error) => error as PromptsInvalid
}))

const guardServer = (name: "routing" | "prompt" | "reward" | "second") =>
  httpGuard(name, {
    baseUrl: server("SINTERNAL_GUARD_URL", 8001),
    model: "Qwen/Qwen3Guard-Gen-8B",
    grammar: "qwen3guard"
  })

/** The numbers of the paper's setting, shared with the tables and figures in `experiments/paper`. */
export const paperNumbers = {
  base: "hf:deepseek-ai/DeepSeek-R1-Distill-Qwen-14B@1df8507178afcc1bef68cd8c393f61a886323761",
  spec: "specs/safety.md",
  scope: "routed",
  train: { prompts: { train: 5000 } },
  rollouts: { temperature: 0.6, topP: 0.95 }, // what the model's authors advise for R1-Distill
  evaluation: {
    prompts: {
      wildJailbreak: 250,
      strongReject: 313,
      fortress: 500,
      hCoT: 50,
      xsTest: 250,
      math500: 500,
      aime2024: 30
    },
    mathsPerPrompt: 16, // the paper's AIME is pass@16, its MATH pass@1
    passAt: 16
  }
} as const

/** What only comparisons ask for: a teacher to imitate, and a second judge. */
export const comparisonLayers = () =>
  Layer.mergeAll(
    httpTeacher({
      baseUrl: server("SINTERNAL_TEACHER_URL", 8004),
      apiKeyEnv: "SINTERNAL_TEACHER_KEY",
      model: process.env["SINTERNAL_TEACHER_MODEL"] ?? "deepseek-ai/DeepSeek-R1"
    }),
    guardServer("second")
  )

/** Servers for every role of the method, and the trainer on GPUs. */
export const paperLayers = () =>
  Layer.mergeAll(
    httpSampler({ baseUrl: server("SINTERNAL_SAMPLER_URL", 8000), concurrency: 64 }),
    httpExpert({
      baseUrl: server("SINTERNAL_EXPERT_URL", 8002),
      apiKeyEnv: "SINTERNAL_EXPERT_KEY",
      model: process.env["SINTERNAL_EXPERT_MODEL"] ?? "claude-sonnet-4-5",
      price: { input: 3, output: 15 }
    }),
    guardServer("routing"),
    guardServer("prompt"),
    guardServer("reward"),
    httpGuard("evaluation", {
      baseUrl: server("SINTERNAL_JUDGE_URL", 8003),
      model: "meta-llama/Llama-Guard-3-8B",
      grammar: "llamaGuard"
    }),
    missingTrainer(
      "LLaMA-Factory and verl on GPUs",
      "this version trains embedded models only; a 14B model needs a trainer on GPUs",
      {
        secondsPerRow: 8 * 3600,
        usdPerRow: 0,
        basis: "assumed: eight hours on eight GPUs a training job"
      }
    ),
    prompts
  )

export default Experiment.make({
  pipeline: sinternal,
  config: {
    ...paperNumbers,
    report: {
      title: "SInternal on DS-14B",
      notes: [
        "The paper's specification, expert prompt, prompt pool, batch size and number of RL steps are not public: every value labelled `ours` or `sister` stands in for one of them."
      ]
    }
  },
  layers: paperLayers,
  rehearse: {
    config: {
      ...world,
      train: { prompts: { train: 60 }, maths: { "train-maths": 40 } },
      rollouts: { ...world.rollouts, topP: 1 },
      sft: { ...world.sft, epochs: 1 },
      grpo: { ...world.grpo, steps: 3 },
      evaluation: {
        ...world.evaluation,
        prompts: { wrappers: 30, benign: 30, maths: 30 },
        verificationItems: 20
      },
      report: {
        title: "SInternal on DS-14B: rehearsal",
        notes: [
          "A rehearsal: small numbers on the synthetic world. It shows that the file runs, nothing about the method."
        ]
      }
    },
    layers: worldLayers,
    swapped: [
      "base model: the quickstart's 0.34 M parameters for DeepSeek-R1-Distill-Qwen-14B",
      "sampler: embedded for the server at SINTERNAL_SAMPLER_URL",
      "trainer: embedded for a trainer on GPUs",
      "expert, guards and judge: the synthetic world's rules for servers",
      "prompts and specification: the synthetic world's for data/ and specs/safety.md",
      "sizes: 60 training prompts, 90 evaluation prompts, 3 GRPO steps"
    ]
  }
})
