/**
 * The paper's setting: DeepSeek-R1-Distill-Qwen-14B on its own rollouts, an expert behind an API, a guard for rewards and
 * another for evaluation. `plan` prices it; `run` says what is missing; `run --rehearse` goes through the whole file on
 * the synthetic world with embedded models.
 *
 * Servers are named by environment variables, and no key is ever stored. Sets behind a licence are files you put into
 * `data/` yourself, one JSON object a line with the fields named below.
 */
import * as Layer from "effect/Layer"
import { expectedFilePrompts } from "../nodes/layer/expectedFilePrompts.ts"
import { httpExpert } from "../nodes/layer/httpExpert.ts"
import { httpGuard } from "../nodes/layer/httpGuard.ts"
import { httpSampler } from "../nodes/layer/httpSampler.ts"
import { httpTeacher } from "../nodes/layer/httpTeacher.ts"
import { missingTrainer } from "../nodes/layer/missingTrainer.ts"
import { sinternal } from "../pipelines/sinternal.ts"
import * as Experiment from "../runtime/Experiment.ts"
import { world, worldLayers } from "./quickstart.ts"

const server = (variable: string, port: number) => process.env[variable] ?? `http://127.0.0.1:${port}/v1`

const columns = { prompt: "prompt", label: "label", topic: "topic", family: "family", reference: "reference" }
const files = {
  train: "data/train.jsonl",
  "train-maths": "data/dapo-math.jsonl",
  wildJailbreak: "data/wildjailbreak-eval.jsonl",
  strongReject: "data/strongreject.jsonl",
  fortress: "data/fortress.jsonl",
  xsTest: "data/xstest-safe.jsonl",
  math500: "data/math-500.jsonl",
  verification: "data/verification.jsonl"
}
const origin = {
  [files.train]:
    "the paper's prompt pool is not public; harmful and benign prompts of your own, none of them in an evaluation set",
  [files["train-maths"]]: "DAPO-Math-17k, 3,000 problems, rewritten to ask for a boxed answer",
  [files.wildJailbreak]: "allenai/wildjailbreak, eval split, behind its access form",
  [files.strongReject]: "alexandrasouly/strongreject (MIT)",
  [files.fortress]: "ScaleAI/fortress_public: evaluation only, its card forbids training on it",
  [files.xsTest]: "paul-rottger/xstest, the 250 safe prompts",
  [files.math500]: "MATH-500, the PRM800K test split",
  [files.verification]: "pairs of prompt and answer with a known verdict, of your own"
}

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
  evaluation: { prompts: { wildJailbreak: 250, strongReject: 313, fortress: 500, xsTest: 250, math500: 500 } }
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
    expectedFilePrompts({
      prompts: Object.fromEntries(
        Object.entries(files).filter(([set]) => set !== "verification").map(([set, file]) => [set, { file, columns }])
      ),
      verification: {
        verification: {
          file: files.verification,
          columns: { prompt: "prompt", answer: "answer", verdict: "verdict", topic: "topic" }
        }
      }
    }, origin)
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
