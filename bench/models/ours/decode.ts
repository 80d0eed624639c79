/**
 * Our side of decoding: the decoder that samplers run, greedy. Prefill and the first two tokens are not metered.
 *
 *     node decode.ts MODEL THREADS f32|int8
 */
import { openCheckpoint } from "../../../models/Checkpoint.ts"
import { Decoder } from "../../../models/sample/Decoder.ts"
import type { Sample } from "../../../models/sample/Sample.ts"
import { endTurn, nextTurn, ready, startMeter } from "../turns.ts"

interface Request {
  readonly prompts: ReadonlyArray<ReadonlyArray<number>>
  readonly newTokens: number
}

const widest = 32

const [from, threads, precision] = process.argv.slice(2) as [string, string, "f32" | "int8"]

const openDecoder = async (): Promise<Decoder> => {
  const checkpoint = await openCheckpoint(from)
  return Decoder.open({
    config: checkpoint.config,
    weights: await checkpoint.weights(),
    tokenizer: await checkpoint.tokenizer(),
    width: widest,
    threads: Number(threads),
    parameters: "packed",
    precision
  })
}

const decoder = await openDecoder()

const decode = async ({ newTokens, prompts }: Request): Promise<ReadonlyArray<number>> => {
  const samples: Array<Sample> = []
  prompts.forEach((promptIds, i) => {
    const request = { promptIds, maxNewTokens: newTokens, temperature: 0, topP: 1, topK: 0, seed: i }
    decoder.submit(request, (result) => {
      if (result instanceof Error) throw result
      samples[i] = result
    })
  })
  let more = await decoder.advance()
  startMeter()
  while (more) more = await decoder.advance()
  return samples.flatMap(({ ids }) => ids)
}

ready()
for (let request = nextTurn<Request>(); request !== undefined; request = nextTurn<Request>()) {
  endTurn({ tokens: await decode(request) })
}
