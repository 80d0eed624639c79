/**
 * Samples many requests at once with one model: continuous batching over a fixed number of slots. A prompt that several
 * requests share is computed once; a slot that becomes free takes the next request at once; every request draws from
 * its own random stream, so its tokens do not depend on its neighbours. Runs in whichever thread calls it and blocks
 * that thread while it computes; `samplerWorker.ts` puts it into a worker, training uses it beside its own graphs.
 */
import type { LlamaConfig } from "../Llama.ts"
import { DecodeSession, type Precision, type Prefilled, type Successors } from "../decode/DecodeSession.ts"
import type { Tokenizer } from "../Tokenizer.ts"
import type { Weights } from "../Weights.ts"
import { makeTokenChooser, type TokenChooser } from "./chooseToken.ts"
import { makeRandom, type Random } from "./Random.ts"
import { checkRequest, type Sample, type SampleRequest } from "./Sample.ts"
import { SampleRefused } from "./SamplerError.ts"
import { weighTokens } from "./weighTokens.ts"

export interface DecoderOptions {
  readonly config: LlamaConfig
  readonly weights: Weights
  readonly tokenizer: Tokenizer
  /** Sequences decoded side by side. */
  readonly width: number
  readonly threads: number
  /** Most tokens of a prompt and its answer together. Default: the model's context. */
  readonly maxLength?: number
  /** As in `DecodeOptions`. Default: `"shared"`, so that the next `generate` sees changed weights. */
  readonly parameters?: "shared" | "packed"
  /** As in `DecodeOptions`; part of the fingerprint. */
  readonly precision?: Precision
}

/** A prompt and how many requests still wait for it; its cache is kept as long as there are any. */
interface Prompt {
  readonly ids: ReadonlyArray<number>
  readonly key: string
  waiting: number
  prefilled: Prefilled | undefined
}

interface Job {
  readonly request: SampleRequest
  readonly prompt: Prompt
  readonly random: Random
  readonly ids: Array<number>
  readonly logprobs: Array<number>
  readonly done: (result: Sample | Error) => void
}

/** Waiting requests looked through for prompts to prefill together. */
const lookAhead = 256
/** Rendered chats kept, since samples of one prompt arrive one after the other. */
const renderedLimit = 512

export class Decoder {
  readonly #session: DecodeSession
  readonly #tokenizer: Tokenizer
  readonly #maxLength: number
  readonly #choose: TokenChooser
  readonly #endIds: ReadonlySet<number>
  readonly #waiting = new Set<Job>()
  readonly #prompts = new Map<string, Prompt>()
  readonly #slots: Array<Job | undefined>
  #advancing: Promise<boolean> | undefined
  readonly #rendered = new Map<string, ReadonlyArray<number>>()

  private constructor(options: DecoderOptions, session: DecodeSession) {
    this.#session = session
    this.#tokenizer = options.tokenizer
    this.#maxLength = Math.min(options.maxLength ?? Infinity, options.config.contextLength)
    this.#choose = makeTokenChooser(options.config.vocab)
    this.#endIds = new Set(options.tokenizer.endIds)
    this.#slots = new Array(options.width).fill(undefined)
  }

  /** A decoder over `weights`. **Fails**: rejects with `RangeError` when `width` is not a number of slots. */
  static async open(options: DecoderOptions): Promise<Decoder> {
    if (!Number.isInteger(options.width) || options.width < 1) {
      throw new RangeError(`a decoder's width is 1 or more, not ${options.width}`)
    }
    return new Decoder(options, await DecodeSession.open({ ...options, parameters: options.parameters ?? "shared" }))
  }

  /**
   * Queues a request; `done` is called once, from within `advance`. The function returned withdraws it: then `done` is
   * not called, and its slot is free at the next `advance`.
   *
   * **Fails**: throws `SampleRefused`, `ChatNotRendered` or `UnknownWord`.
   */
  submit(request: SampleRequest, done: (result: Sample | Error) => void): () => void {
    const ids = this.#promptIds(request)
    checkRequest(request, ids, this.#session.config, this.#maxLength)
    const key = ids.join()
    const prompt = this.#prompts.get(key) ?? { ids, key, waiting: 0, prefilled: undefined }
    this.#prompts.set(key, prompt)
    prompt.waiting++
    const job: Job = { request, prompt, random: makeRandom(request.seed), ids: [], logprobs: [], done }
    this.#waiting.add(job)
    return () => {
      if (this.#waiting.has(job)) this.#leaveQueue(job)
      const slot = this.#slots.indexOf(job)
      if (slot >= 0) this.#slots[slot] = undefined
    }
  }

  /** Whether a request waits or is being answered. */
  get busy(): boolean {
    return this.#waiting.size > 0 || this.#slots.some((job) => job !== undefined)
  }

  /**
   * Fills free slots and appends one token to every sequence. Returns whether anything is left to do. Callers that
   * come while it is at work share its result.
   */
  advance(): Promise<boolean> {
    this.#advancing ??= this.#advance().finally(() => this.#advancing = undefined)
    return this.#advancing
  }

  async #advance(): Promise<boolean> {
    for (let slot = 0; slot < this.#slots.length; slot++) {
      while (this.#slots[slot] === undefined && this.#waiting.size > 0) await this.#fill(slot)
    }
    const live = this.#gather()
    if (live.length === 0) return false
    const successors = await this.#session.step(
      live.map((job) => job?.ids.at(-1) ?? 0),
      live.map((job) => job === undefined ? 0 : job.prompt.ids.length + job.ids.length - 1),
      live.map((job) => job?.request.temperature ?? 0)
    )
    this.#slots.forEach((job, slot) => {
      if (job !== undefined && !this.#append(job, successors[slot]!)) this.#slots[slot] = undefined
    })
    return this.busy
  }

  /**
   * Samples all `requests`, in their order. Lets the event loop turn after every token; a `signal` ends it there.
   *
   * **Fails**: rejects with the first refused request's error (nothing is sampled then), or the signal's reason.
   */
  async generate(requests: ReadonlyArray<SampleRequest>, signal?: AbortSignal): Promise<ReadonlyArray<Sample>> {
    const samples = new Array<Sample>(requests.length)
    const failures: Array<Error> = []
    const withdrawals: Array<() => void> = []
    try {
      requests.forEach((request, i) => {
        withdrawals.push(this.submit(request, (result) => {
          if (result instanceof Error) failures.push(result)
          else samples[i] = result
        }))
      })
      while (failures.length === 0 && await this.advance()) {
        signal?.throwIfAborted()
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (failures.length > 0) throw failures[0]
      return samples
    } finally {
      for (const withdraw of withdrawals) withdraw()
    }
  }

  /** Frees the session; nothing may be called afterwards. */
  release(): Promise<void> {
    return this.#session.release()
  }

  /**
   * Moves the last sequences into free slots before them, so that a step computes no more rows than there are
   * sequences. Returns the slots a step has to run.
   */
  #gather(): ReadonlyArray<Job | undefined> {
    let end = this.#slots.length
    for (let slot = 0; slot < end; slot++) {
      while (end > slot && this.#slots[end - 1] === undefined) end--
      if (this.#slots[slot] !== undefined || slot >= end || this.#session.rowsMatter) continue
      const last = this.#slots[--end]!
      // the newest token is not in the cache yet
      this.#session.move(end, slot, last.prompt.ids.length + last.ids.length - 1)
      this.#slots[slot] = last
      this.#slots[end] = undefined
    }
    return this.#slots.slice(0, end)
  }

  #promptIds({ messages, promptIds }: SampleRequest): ReadonlyArray<number> {
    if ((messages === undefined) === (promptIds === undefined)) {
      throw new SampleRefused({ reason: "a request has either messages or promptIds" })
    }
    if (messages === undefined) return promptIds!
    const key = JSON.stringify(messages)
    const known = this.#rendered.get(key)
    if (known !== undefined) return known
    const ids = this.#tokenizer.encode(this.#tokenizer.chat(messages, { addGenerationPrompt: true }))
    this.#rendered.set(key, ids)
    if (this.#rendered.size > renderedLimit) this.#rendered.delete(this.#rendered.keys().next().value!)
    return ids
  }

  #leaveQueue(job: Job): void {
    this.#waiting.delete(job)
    if (--job.prompt.waiting === 0) this.#prompts.delete(job.prompt.key)
  }

  /** Starts the next waiting request in `slot`; it may be finished with its first token and leave the slot free. */
  async #fill(slot: number): Promise<void> {
    const next = this.#waiting.values().next().value!
    if (next.prompt.prefilled === undefined) await this.#prefill(next.prompt)
    // withdrawn while its prompt was computed
    if (!this.#waiting.has(next)) return
    const prefilled = next.prompt.prefilled!
    this.#leaveQueue(next)
    if (!this.#append(next, weighTokens(prefilled.logits, next.request.temperature))) return
    this.#session.load(slot, prefilled)
    this.#slots[slot] = next
  }

  /** Computes `prompt` together with prompts of similar length that wait behind it. */
  async #prefill(prompt: Prompt): Promise<void> {
    const longest = Math.ceil(prompt.ids.length / 16) * 16
    const batch = new Set([prompt])
    const room = this.#session.prefillRows(longest)
    let seen = 0
    for (const { prompt: other } of this.#waiting) {
      if (batch.size >= room || seen++ >= lookAhead) break
      const similar = other.ids.length <= longest && other.ids.length > longest / 2
      if (other.prefilled === undefined && similar) batch.add(other)
    }
    const prompts = [...batch]
    const prefilled = await this.#session.prefill(prompts.map(({ ids }) => ids))
    prompts.forEach((each, i) => each.prefilled = prefilled[i])
  }

  /** Chooses the job's next token; false when that ends it. */
  #append(job: Job, successors: Successors): boolean {
    const { request } = job
    let chosen
    try {
      chosen = this.#choose(successors, request, job.random)
    } catch (cause) {
      const reason = `${(cause as Error).message}; the weights are damaged or training diverged`
      job.done(new SampleRefused({ reason }))
      return false
    }
    job.ids.push(chosen.id)
    job.logprobs.push(chosen.logprob)
    const ended = this.#endIds.has(chosen.id)
    const cut = ended ? undefined : this.#stopText(job)
    if (!ended && cut === undefined && job.ids.length < request.maxNewTokens) return true
    job.done({
      text: cut ?? this.#tokenizer.decode(ended ? job.ids.slice(0, -1) : job.ids),
      ids: job.ids,
      logprobs: Float32Array.from(job.logprobs),
      finishReason: ended || cut !== undefined ? "stop" : "length",
      promptTokens: job.prompt.ids.length
    })
    return false
  }

  /** The job's text before its first stop text, if one has just appeared. */
  #stopText({ ids, request }: Job): string | undefined {
    const stops = request.stop ?? []
    if (stops.length === 0) return undefined
    // every token has at least one byte, so a stop text just completed lies within as many tokens as it has bytes;
    // a few more, because a window may begin inside a character
    const reach = Math.max(...stops.map((stop) => Buffer.byteLength(stop))) + 4
    const tail = this.#tokenizer.decode(ids.slice(-reach))
    if (!stops.some((stop) => tail.includes(stop))) return undefined
    const text = this.#tokenizer.decode(ids)
    const places = stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0)
    return places.length === 0 ? undefined : text.slice(0, Math.min(...places))
  }
}
