/**
 * One model being trained: its trained parameters, their gradients, the optimiser and the saved state. `sft.ts` and
 * `grpo.ts` say which rows a step sees and how tokens weigh; everything after that is the same and here.
 */
import { join } from "node:path"
import { mkdir, readdir, rm, writeFile } from "node:fs/promises"
import { saveCheckpoint } from "../Checkpoint.ts"
import { trainingVersion } from "../engineVersion.ts"
import type { LlamaConfig } from "../Llama.ts"
import { parameterShapes } from "../Llama.ts"
import { partialEnding } from "../load/safetensors.ts"
import { availableMemory, type MemoryParts, requireMemory, trainingMemory } from "../memory.ts"
import type { Tokenizer } from "../Tokenizer.ts"
import type { Weights } from "../Weights.ts"
import { initialAdapters, mergeAdapters } from "./adapters.ts"
import { AdamW, type Arrays, clipScale, globalNorm } from "./AdamW.ts"
import { type BatchResult, GradientEngine } from "./GradientEngine.ts"
import type { TrainRow } from "./packRows.ts"
import { type RunSizing, runSizing } from "./runSizing.ts"
import { saveAdapters } from "./saveAdapters.ts"
import type { TokenLoss } from "./tokenLoss.ts"
import type { TrainMode } from "./TrainMode.ts"
import { clearState, type LiveState, restoreState, runDigest, saveState } from "./TrainingState.ts"
import { TrainingFailed } from "./TrainingFailed.ts"
import { type OptimiserSettings, trainMode, type TrainProgress } from "./TrainJob.ts"

/** A model in memory. In full mode its weights are trained in place. */
export interface LoadedModel {
  readonly config: LlamaConfig
  readonly weights: Weights
  readonly tokenizer: Tokenizer
}

/** What a trainer needs from whoever runs it. */
export interface TrainContext {
  readonly threads: number
  /** Asked between steps; true ends the run with `TrainingAborted` after its state is saved. */
  readonly aborted: () => boolean
  /** Called after every step; the run goes on, and saves, when what it returns is settled. */
  readonly onProgress: (progress: TrainProgress) => unknown
  /** Called when the result is written; the state is dropped when what it returns is settled. */
  readonly onWritten?: () => Promise<void>
  /** Bytes the job may take beside the loaded weights. Default: what the machine has free. */
  readonly memoryBytes?: number
}

/** Thrown when `aborted` said so; the state is saved and the same job continues from it. */
export class TrainingAborted extends Error {
  override readonly name = "TrainingAborted"
}

export interface StepResult extends BatchResult {
  readonly gradNorm: number
}

const total = (parts: MemoryParts): number => Object.values(parts).reduce((a, b) => a + b, 0)

export class Optimisation<History> {
  readonly settings: OptimiserSettings
  readonly model: LoadedModel
  readonly mode: TrainMode
  readonly adapters: Arrays
  readonly history: Array<History> = []
  #engine: GradientEngine
  /** Computes log-probabilities only. */
  #evaluator: GradientEngine
  #live: LiveState
  #run: string
  #context: TrainContext
  #sizing: RunSizing
  #updatesPerStep: number
  /** Where and when this process began, for the time left. */
  #begun: { readonly step: number; readonly time: number }

  constructor(
    settings: OptimiserSettings,
    model: LoadedModel,
    context: TrainContext,
    options: {
      readonly loss: TokenLoss
      readonly batchSize: number
      readonly updatesPerStep?: number
      /** Rows of a batch may have equal prompts. */
      readonly sharedPrefixes?: boolean
    }
  ) {
    const { config, weights } = model
    const mode = trainMode(settings)
    const { from: _, to: __, ...job } = settings
    this.settings = settings
    this.model = model
    this.mode = mode
    this.#context = context
    // Before anything is trained in place.
    this.#run = runDigest({ trainingVersion, ...job }, weights)
    this.adapters = mode.kind === "lora" ? initialAdapters(config, mode, settings.seed) : new Map()
    const parameters: Arrays = mode.kind === "lora"
      ? this.adapters
      : new Map(Array.from(parameterShapes(config).keys(), (name) => [name, weights.get(name)!]))
    this.#live = { parameters, optimizer: new AdamW(parameters, settings) }
    const sizing = this.#sizing = runSizing(config, options.batchSize, {
      ...settings,
      sharedPrefixes: options.sharedPrefixes ?? false
    })
    const shared = { config, weights, mode, adapters: this.adapters, threads: context.threads, sizing }
    this.#engine = new GradientEngine({ ...shared, loss: options.loss })
    this.#evaluator = new GradientEngine({ ...shared, loss: "none" })
    this.#updatesPerStep = options.updatesPerStep ?? 1
    this.#begun = { step: 0, time: performance.now() }
  }

  /** Steps done so far; not a whole number between the updates of a step. */
  get done(): number {
    return this.#live.optimizer.steps / this.#updatesPerStep
  }

  /**
   * To be called before the first step. `longest` is the longest row in tokens, `others` what the trainer itself needs,
   * `between` what it needs while no batch is computed.
   *
   * **Fails**: throws `NotEnoughMemory` when the run certainly needs more than there is.
   */
  requireMemory(longest: number, others: MemoryParts = {}, between: MemoryParts = {}): void {
    const { config } = this.model
    const { checkpointing, rowsPerRun, tokensPerRun } = this.#sizing
    let trained = 0
    for (const values of this.#live.parameters.values()) trained += values.length
    const { activations, "output head": head, ...always } = trainingMemory(config, {
      trained,
      tokens: Math.max(longest, Math.min(tokensPerRun, rowsPerRun * longest)),
      longest,
      accumulated: rowsPerRun * longest > tokensPerRun,
      checkpointing
    })
    const next = [
      ...(this.mode.kind === "full" ? ["train adapters (mode \"lora\")"] : []),
      ...(checkpointing ? [] : ["recompute activations"]),
      `take shorter rows (the longest has ${longest} tokens)`,
      "or a smaller model"
    ]
    const available = this.#context.memoryBytes ?? availableMemory()
    const computing = { activations: activations!, "output head": head! }
    const most = total(between) > total(computing) ? between : computing
    const parts = { ...always, ...others, ...most }
    requireMemory(`training from ${this.settings.from}`, parts, available, next.join(", "))
  }

  /** Continues from a saved state of the same run, if there is one. */
  async restore(): Promise<void> {
    const restored = await restoreState<History>(this.settings.to, this.#run, this.#live)
    if (restored !== undefined) this.history.push(...restored)
    this.#begun = { step: this.done, time: performance.now() }
  }

  /** One optimiser update on `rows`; no rows move nothing, but count as an update. */
  async step(rows: ReadonlyArray<TrainRow>, learningRate: number): Promise<StepResult> {
    if (rows.length === 0) {
      this.#live.optimizer.steps++
      return { loss: 0, logprobs: [], gradNorm: 0 }
    }
    const result = await this.#engine.run(rows)
    const gradNorm = globalNorm(this.#engine.gradients)
    if (!Number.isFinite(result.loss) || !Number.isFinite(gradNorm)) {
      throw new TrainingFailed({
        from: this.settings.from,
        reason: `loss ${result.loss} and gradient norm ${gradNorm} at step ${Math.floor(this.done) + 1}; ` +
          "lower the learning rate"
      })
    }
    const { optimizer, parameters } = this.#live
    optimizer.step(parameters, this.#engine.gradients, learningRate, clipScale(gradNorm, this.settings.clipNorm))
    return { ...result, gradNorm }
  }

  /** The weighted loss of `rows` under the parameters as they are. */
  async evaluate(rows: ReadonlyArray<TrainRow>): Promise<number> {
    const { logprobs } = await this.#evaluator.run(rows)
    return rows.reduce((sum, { weight }, i) => sum - weight * logprobs[i]!.reduce((a, b) => a + b, 0), 0)
  }

  /** To be called after every step with its record: saves the state when it is due and stops when asked to. */
  async endStep(record: History, progress: Omit<TrainProgress, "secondsLeft">): Promise<void> {
    const { checkpointEverySteps, to } = this.settings
    this.history.push(record)
    const secondsPerStep = (performance.now() - this.#begun.time) / 1000 / (this.done - this.#begun.step)
    await this.#context.onProgress({ ...progress, secondsLeft: secondsPerStep * (progress.steps - this.done) })
    const last = this.done === progress.steps
    const aborted = !last && this.#context.aborted()
    const due = !last && checkpointEverySteps > 0 && this.done % checkpointEverySteps === 0
    if (aborted) await this.abort(progress.steps)
    if (due) await saveState(to, this.#run, this.history, this.#live)
  }

  /** Saves the state after the last whole step and throws `TrainingAborted`. */
  async abort(steps: number): Promise<never> {
    await saveState(this.settings.to, this.#run, this.history, this.#live)
    throw new TrainingAborted(`training was stopped after step ${this.done} of ${steps}`)
  }

  /** Writes the finished folder: the model (or the adapters), its tokenizer and training.json; then drops the state. */
  async finish(merge: boolean, summary: object): Promise<void> {
    const { config, weights } = this.model
    const { dtype, from, to } = this.settings
    await mkdir(to, { recursive: true })
    await writeFile(join(to, "training.json"), `${JSON.stringify(summary)}\n`)
    if (this.mode.kind === "lora") {
      if (merge) mergeAdapters(config, this.mode, this.adapters, weights, weights)
      else await saveAdapters(to, { mode: this.mode, adapters: this.adapters, from, dtype, config })
    }
    if (merge || this.mode.kind === "full") await saveCheckpoint(to, { config, weights, dtype, tokenizerFrom: from })
    // of a process that was killed while it wrote; they would be part of the result
    for (const name of await readdir(to)) if (name.endsWith(partialEnding)) await rm(join(to, name))
    await this.#context.onWritten?.()
    await clearState(to)
  }

  async release(): Promise<void> {
    await this.#engine.release()
    await this.#evaluator.release()
  }
}
