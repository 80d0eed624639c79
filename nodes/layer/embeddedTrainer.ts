/**
 * The trainer role played on this machine: every job has a process of its own, resumes from its last checkpoint in the
 * work folder, and stops within one step when interrupted.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import { cpSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename, join } from "node:path"
import { trainerFingerprint } from "../../models/fingerprints.ts"
import { TooFewMixedGroups } from "../../models/train/TrainingFailed.ts"
import type { TrainProgress } from "../../models/train/TrainJob.ts"
import * as Progress from "../../runtime/Progress.ts"
import type { Folder } from "../../runtime/Type.ts"
import * as Usage from "../../runtime/Usage.ts"
import { notTrainedFile, Trainer, TrainerFailed, trainingFile } from "../service/Trainer.ts"
import { checkpointPath } from "./checkpointPath.ts"

export interface EmbeddedTrainerOptions {
  /** Threads of one job. */
  readonly threads: number
  /** Jobs at once; each holds weights and optimiser state. Default: the number of cores over `threads`. */
  readonly jobsAtOnce?: number
  /** Steps between checkpoints; a killed job loses at most these. */
  readonly checkpointEverySteps: number
}

const failed = (error: unknown) =>
  new TrainerFailed({
    reason: error instanceof Error ? error.message : String(error),
    next: "once that is mended, the same command continues from the last checkpoint"
  })

const failedOrRefused = (error: unknown) => error instanceof TooFewMixedGroups ? error : failed(error)

const refusalIn = (cause: Cause.Cause<unknown>): TooFewMixedGroups | undefined => {
  const error = Cause.squash(cause)
  return error instanceof TooFewMixedGroups ? error : undefined
}

/** A policy that no step moves: all of it but the log of the stage that made it, which is not this stage's. */
const copyUntrained = (from: string, into: string): void =>
  cpSync(from, into, { recursive: true, filter: (path) => basename(path) !== trainingFile })

/** The unchanged policy as the result of a stage that refused to start, with its reason beside it. */
const keepPolicy = (
  policy: Folder<"checkpoint">,
  into: string,
  { groups, message, mixed, required }: TooFewMixedGroups
): void => {
  rmSync(into, { recursive: true, force: true })
  copyUntrained(policy.path, into)
  writeFileSync(join(into, notTrainedFile), JSON.stringify({ mixed, groups, required, reason: message }))
}

const detail = ({ loss, rewardMean, tokensPerSecond, unparsable = 0 }: TrainProgress): string =>
  [
    rewardMean === undefined ? `loss ${loss.toFixed(3)}` : `reward ${rewardMean.toFixed(2)}`,
    ...(unparsable === 0 ? [] : [`${unparsable} unparsable`]),
    `${Math.round(tokensPerSecond)} tok/s`
  ].join(" · ")

export const embeddedTrainer = (options: EmbeddedTrainerOptions): Layer.Layer<Trainer> =>
  Layer.effect(
    Trainer,
    Effect.gen(function*() {
      const jobs = yield* Semaphore.make(
        options.jobsAtOnce ?? Math.max(1, Math.floor(availableParallelism() / options.threads))
      )
      const models = Effect.promise(() => import("../../models/train/Trainer.ts"))
      const reporter = Effect.map(Progress.Report, (send) => (progress: TrainProgress) =>
        send({ done: progress.step, total: progress.steps, detail: detail(progress) }))

      return Trainer.of({
        fingerprint: trainerFingerprint(options),
        sft: Effect.fnUntraced(function*({ base, examples, into, seed, settings }) {
          if (examples.length === 0) {
            return copyUntrained(base.path, into) // nothing to learn: the base itself
          }
          const { trainSft } = yield* models
          const onProgress = yield* reporter
          const { beta1, beta2, loraAlpha, loraRank, ...rest } = settings
          const result = yield* Effect.tryPromise({
            try: (signal) =>
              trainSft({
                ...rest,
                from: checkpointPath(base),
                to: into,
                rows: examples.map(({ exampleId, prompt, target }) => ({ id: exampleId, prompt, target })),
                mode: loraRank > 0 ? "lora" : "full",
                rank: loraRank,
                alpha: loraAlpha,
                merge: true,
                betas: [beta1, beta2],
                seed,
                dtype: "f32",
                checkpointEverySteps: options.checkpointEverySteps
              }, { threads: options.threads, signal, onProgress }),
            catch: failed
          })
          yield* Usage.record({ tokens: result.tokens })
          if (result.dropped.length === examples.length) {
            return yield* new TrainerFailed({
              reason: `all ${examples.length} examples are longer than ${settings.maxLength} tokens`,
              next: "raise maxLength, or shorten the specification"
            })
          }
          if (result.dropped.length > 0) {
            yield* Effect.logWarning(
              `${result.dropped.length} of ${examples.length} examples are longer than ${settings.maxLength} tokens and were left out`
            )
          }
        }, Semaphore.withPermit(jobs)),
        grpo: Effect.fnUntraced(function*({ into, policy, prompts, reward, seed, settings }) {
          const { trainGrpo } = yield* models
          const onProgress = yield* reporter
          const context = yield* Effect.context<any>()
          const { benignPerStep, beta1, beta2, harmfulPerStep, loraAlpha, loraRank, mathsPerStep, ...rest } = settings
          let refused: Exit.Exit<any, any> | undefined
          const trained = yield* Effect.exit(Effect.tryPromise({
            try: (signal) =>
              trainGrpo({
                ...rest,
                from: checkpointPath(policy),
                to: into,
                prompts: prompts.map(({ kind, prompt, promptId }) => ({ id: promptId, prompt, kind })),
                mix: { harmful: harmfulPerStep, benign: benignPerStep, maths: mathsPerStep },
                mode: loraRank > 0 ? "lora" : "full",
                rank: loraRank,
                alpha: loraAlpha,
                betas: [beta1, beta2],
                seed,
                dtype: "f32",
                checkpointEverySteps: options.checkpointEverySteps
              }, {
                threads: options.threads,
                signal,
                onProgress,
                reward: async (batch) => {
                  const completions = batch.map(({ completionText, finishReason, promptId }) => ({
                    promptId,
                    text: completionText,
                    finishReason
                  }))
                  const exit = await Effect.runPromiseExitWith(context)(
                    reward(completions) as Effect.Effect<ReadonlyArray<number | null>, any, any>
                  )
                  if (Exit.isSuccess(exit)) {
                    return exit.value
                  }
                  refused = exit
                  throw new Error("the reward could not be computed")
                }
              }),
            catch: failedOrRefused
          }))
          // too few mixed groups is a finding, not a failure: the policy stays as it was, and the artifact says why
          const tooFew = Exit.isFailure(trained) ? refusalIn(trained.cause) : undefined
          if (tooFew !== undefined) {
            return keepPolicy(policy, into, tooFew)
          }
          // the guard's own error says more than the trainer's account of it
          if (refused !== undefined && Exit.isFailure(refused)) {
            return yield* Effect.failCause(refused.cause)
          }
          if (Exit.isFailure(trained)) {
            return yield* Effect.failCause(trained.cause)
          }
        }, Semaphore.withPermit(jobs)) as Trainer["Service"]["grpo"]
      })
    })
  )
