/**
 * Samples answers from a model in a process of its own, so that the thread of the pipeline never waits for a forward
 * pass, and gets all memory back when the sampler is closed. Requests come one by one, from as many callers as there
 * are; those of one turn of the event loop travel together and are decoded side by side. Plain promises and abort
 * signals; services and retries are built above.
 */
import type { Precision } from "../decode/DecodeSession.ts"
import { ModelProcess } from "../process/ModelProcess.ts"
import type { Sample, SampleRequest } from "./Sample.ts"
import { decodeSamplerError, SamplerStopped } from "./SamplerError.ts"
import type { FromSampler, SamplerTask, ToSampler } from "./SamplerMessage.ts"

export type { Sample, SampleRequest } from "./Sample.ts"

export interface SamplerOptions {
  /** Sequences decoded side by side. */
  readonly width: number
  /** Threads of one forward pass. Samples do not depend on `width` or `threads`. */
  readonly threads: number
  /** Most tokens of a prompt and its answer together. Default: the model's context. */
  readonly maxLength?: number
  /** Number format of the weights; other samples with each, so it is part of the fingerprint. Default: `"f32"`. */
  readonly precision?: Precision
  /** Bytes opening the model may take. Default: what the machine has free. */
  readonly memoryBytes?: number
}

/** A running sampler. */
export interface SamplerClient {
  /**
   * Samples one answer; concurrent calls are batched.
   *
   * **Fails**: rejects with `SampleRefused`, `ChatNotRendered` or `UnknownWord` for this request, with `SamplerStopped`
   * when the sampler is gone, and with the signal's reason when it aborts.
   */
  readonly sample: (request: SampleRequest, signal?: AbortSignal) => Promise<Sample>
  /** Ends the process, in the middle of a token if need be; pending calls reject with `SamplerStopped`. */
  readonly close: () => Promise<void>
}

interface Pending {
  readonly resolve: (sample: Sample) => void
  readonly reject: (reason: unknown) => void
}

// the published package has the worker beside this file as JavaScript
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js"
const workerFile = new URL(`./samplerWorker.${extension}`, import.meta.url)

/** The conversation with the process: posts, hears, and keeps this one alive while calls are pending. */
class Conversation {
  readonly #checkpoint: string
  readonly #process: ModelProcess<ToSampler, FromSampler>
  readonly #pending = new Map<number, Pending>()
  readonly #ready = Promise.withResolvers<void>()
  #requests: Array<readonly [number, SampleRequest]> = []
  #withdrawn: Array<number> = []
  #scheduled = false
  #next = 0
  #stopped: Error | undefined

  constructor(task: SamplerTask) {
    this.#checkpoint = task.checkpoint
    this.#process = new ModelProcess(workerFile, task, {
      heard: (message) => this.#hear(message),
      ended: (how) => this.stop(this.#lost(`its process ${how}`))
    })
  }

  /** Settles when the model is loaded or cannot be. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  send(request: SampleRequest, signal: AbortSignal | undefined): Promise<Sample> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason)
      if (this.#stopped !== undefined) return reject(this.#stopped)
      const id = this.#next++
      const abort = () => {
        this.#take(id)?.reject(signal!.reason)
        this.#withdrawn.push(id)
        this.#schedule()
      }
      signal?.addEventListener("abort", abort, { once: true })
      const settled = () => signal?.removeEventListener("abort", abort)
      if (this.#pending.size === 0) this.#process.keepAlive(true)
      this.#pending.set(id, {
        resolve: (sample) => (settled(), resolve(sample)),
        reject: (reason) => (settled(), reject(reason))
      })
      this.#requests.push([id, plainRequest(request)])
      this.#schedule()
    })
  }

  /** Rejects what is pending and everything sent later; the first reason stays. */
  stop(reason: Error): void {
    this.#stopped ??= reason
    this.#ready.reject(this.#stopped)
    for (const id of this.#pending.keys()) this.#take(id)!.reject(this.#stopped)
  }

  async close(): Promise<void> {
    this.stop(this.#lost("it was closed"))
    this.#process.keepAlive(true)
    this.#process.kill()
    await this.#process.ended
  }

  #lost(reason: string): SamplerStopped {
    return new SamplerStopped({ checkpoint: this.#checkpoint, reason })
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (this.#pending.size === 0) this.#process.keepAlive(false)
    return pending
  }

  #hear(message: FromSampler): void {
    switch (message.kind) {
      case "ready":
        this.#process.keepAlive(false)
        return this.#ready.resolve()
      case "failed":
        return this.stop(decodeSamplerError(message.error))
      case "results":
        return this.#settle(message)
    }
  }

  #settle({ errors, samples }: Extract<FromSampler, { kind: "results" }>): void {
    // a result may cross an abort on its way; then nobody waits for it any more
    for (const [id, sample] of samples) this.#take(id)?.resolve(sample)
    for (const [id, error] of errors) this.#take(id)?.reject(decodeSamplerError(error))
  }

  /** Posts what this turn of the event loop gathered, once. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      const message: ToSampler = { requests: this.#requests, withdrawn: this.#withdrawn }
      this.#requests = []
      this.#withdrawn = []
      if (this.#stopped === undefined) this.#process.send(message)
    })
  }
}

/** The request's own fields only: whatever else an object carries may not survive the way to the process. */
const plainRequest = (request: SampleRequest): SampleRequest => {
  const { maxNewTokens, messages, minP, promptIds, seed, stop, temperature, topK, topP } = request
  return {
    maxNewTokens,
    temperature,
    topP,
    topK,
    seed,
    ...(promptIds === undefined ? {} : { promptIds }),
    ...(messages === undefined ? {} : { messages: messages.map(({ content, role }) => ({ content, role })) }),
    ...(minP === undefined ? {} : { minP }),
    ...(stop === undefined ? {} : { stop })
  }
}

/**
 * Starts a sampler of the model at `checkpointPath` (a Hugging Face folder or a `.gguf` file) and waits until it is
 * loaded.
 *
 * **Fails**: rejects with `CheckpointUnreadable`, `UnsupportedModel` or `NotEnoughMemory`, with `SamplerStopped` when
 * the process dies.
 */
export const openSampler = async (checkpointPath: string, options: SamplerOptions): Promise<SamplerClient> => {
  const { maxLength, memoryBytes, precision = "f32", threads, width } = options
  const conversation = new Conversation({
    checkpoint: checkpointPath,
    width,
    threads,
    maxLength,
    precision,
    memoryBytes
  })
  await conversation.ready
  return {
    sample: (request, signal) => conversation.send(request, signal),
    close: () => conversation.close()
  }
}
