/**
 * Entry of a sampler's process: opens the model, then answers requests until it is ended. Between two tokens it reads
 * its messages, so new requests join and withdrawn ones leave at once. `Sampler.ts` is its only client.
 */
import { openCheckpoint } from "../Checkpoint.ts"
import { availableMemory, decoderMemory, requireMemory } from "../memory.ts"
import { type ParentPort, serveParent } from "../process/serveParent.ts"
import { Decoder } from "./Decoder.ts"
import type { Sample } from "./Sample.ts"
import { type EncodedSamplerError, encodeSamplerError } from "./SamplerError.ts"
import type { FromSampler, SamplerTask, ToSampler } from "./SamplerMessage.ts"

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Answers requests with `decoder`; the function returned takes the messages. */
const serve = (
  decoder: Decoder,
  port: ParentPort<FromSampler>,
  { checkpoint }: SamplerTask,
  fail: (cause: unknown) => void
): (message: ToSampler) => void => {
  const withdrawals = new Map<number, () => void>()
  let samples: Array<readonly [number, Sample]> = []
  let errors: Array<readonly [number, EncodedSamplerError]> = []
  let running = false

  const flush = () => {
    if (samples.length + errors.length === 0) return
    port.send({ kind: "results", samples, errors })
    samples = []
    errors = []
  }
  const finish = (id: number, result: Sample | Error) => {
    withdrawals.delete(id)
    if (result instanceof Error) errors.push([id, encodeSamplerError(result, checkpoint)])
    else samples.push([id, result])
  }
  const run = async () => {
    running = true
    // asked after the turn, in which new requests may have come: nothing lies between this question and `running = false`
    while (decoder.busy) {
      await decoder.advance()
      flush()
      await turn()
    }
    running = false
  }

  return ({ requests, withdrawn }) => {
    for (const id of withdrawn) {
      withdrawals.get(id)?.()
      withdrawals.delete(id)
    }
    for (const [id, request] of requests) {
      try {
        withdrawals.set(id, decoder.submit(request, (result) => finish(id, result)))
      } catch (cause) {
        finish(id, cause as Error)
      }
    }
    flush()
    if (!running) run().catch(fail)
  }
}

/** A decoder of the model; nothing of the checkpoint is kept, so its weights can be freed. */
const openDecoder = async (
  { checkpoint: path, maxLength, memoryBytes, precision, threads, width }: SamplerTask
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

serveParent<SamplerTask, ToSampler, FromSampler>((task, port) => {
  const fail = (cause: unknown) => {
    port.send({ kind: "failed", error: encodeSamplerError(cause, task.checkpoint) })
    port.close()
  }
  // requests come only after `ready` was heard
  let take: (message: ToSampler) => void = () => {}
  openDecoder(task).then((decoder) => {
    take = serve(decoder, port, task, fail)
    port.send({ kind: "ready" })
  }).catch(fail)
  return (message) => take(message)
})
