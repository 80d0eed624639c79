/**
 * Entry of a sampler's worker thread: opens the model, then answers requests until told to close. Between two tokens
 * the thread reads its messages, so new requests join and withdrawn ones leave at once. `Sampler.ts` is its only
 * client.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads"
import { openCheckpoint } from "../Checkpoint.ts"
import { availableMemory, decoderMemory, requireMemory } from "../memory.ts"
import { Decoder } from "./Decoder.ts"
import type { Sample } from "./Sample.ts"
import { type EncodedSamplerError, encodeSamplerError } from "./SamplerError.ts"
import type { FromSampler, SamplerWorkerData, ToSampler } from "./SamplerMessage.ts"

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Answers the requests that arrive on `port` with `decoder`. */
const serve = (port: MessagePort, decoder: Decoder, fail: (cause: unknown) => void): void => {
  const { checkpoint } = workerData as SamplerWorkerData
  const withdrawals = new Map<number, () => void>()
  let samples: Array<readonly [number, Sample]> = []
  let errors: Array<readonly [number, EncodedSamplerError]> = []
  const state = { running: false, closing: false }

  const flush = () => {
    if (samples.length + errors.length === 0) return
    port.postMessage({ kind: "results", samples, errors } satisfies FromSampler)
    samples = []
    errors = []
  }
  const finish = (id: number, result: Sample | Error) => {
    withdrawals.delete(id)
    if (result instanceof Error) errors.push([id, encodeSamplerError(result, checkpoint)])
    else samples.push([id, result])
  }
  const run = async () => {
    state.running = true
    // asked after the turn, in which new requests may have come: nothing lies between this question and `running = false`
    while (decoder.busy && !state.closing) {
      await decoder.advance()
      flush()
      await turn()
    }
    state.running = false
    if (state.closing) {
      await decoder.release()
      port.close()
    }
  }

  port.on("message", (message: ToSampler) => {
    if (message.kind === "close") {
      state.closing = true
    } else {
      for (const id of message.withdrawn) {
        withdrawals.get(id)?.()
        withdrawals.delete(id)
      }
      for (const [id, request] of message.requests) {
        try {
          withdrawals.set(id, decoder.submit(request, (result) => finish(id, result)))
        } catch (cause) {
          finish(id, cause as Error)
        }
      }
      flush()
    }
    if (!state.running) run().catch(fail)
  })
}

/** A decoder of the model; nothing of the checkpoint is kept, so its weights can be freed. */
const openDecoder = async (
  { checkpoint: path, maxLength, memoryBytes, precision, threads, width }: SamplerWorkerData
): Promise<Decoder> => {
  const checkpoint = await openCheckpoint(path)
  requireMemory(
    `sampling from ${path}`,
    decoderMemory(checkpoint.config, precision),
    memoryBytes ?? availableMemory(),
    precision === "f32" ? "take int8 weights, a smaller model or a server" : "take a smaller model or a server"
  )
  return Decoder.open({
    config: checkpoint.config,
    weights: await checkpoint.weights(),
    tokenizer: await checkpoint.tokenizer(),
    width,
    threads,
    ...(maxLength === undefined ? {} : { maxLength }),
    parameters: "packed",
    precision
  })
}

const start = async (port: MessagePort) => {
  const data = workerData as SamplerWorkerData
  const fail = (cause: unknown) => {
    port.postMessage({ kind: "failed", error: encodeSamplerError(cause, data.checkpoint) } satisfies FromSampler)
    port.close()
  }
  try {
    serve(port, await openDecoder(data), fail)
    port.postMessage({ kind: "ready" } satisfies FromSampler)
  } catch (cause) {
    fail(cause)
  }
}

await start(parentPort!)
