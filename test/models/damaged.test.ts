/** Damaged model files: cut at any byte or with any bit of the header turned, they are read or refused by name. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { openCheckpoint, saveCheckpoint } from "../../models/Checkpoint.ts"
import { initialWeights, parameterShapes, UnsupportedModel } from "../../models/Llama.ts"
import { CheckpointUnreadable } from "../../models/load/CheckpointUnreadable.ts"
import { readSafetensors } from "../../models/load/safetensors.ts"
import { makeRandom } from "../../models/sample/Random.ts"
import { readFileSync } from "node:fs"
import {
  bytePairTokens,
  floatBytes,
  ggufBytes,
  ggufMetadata,
  ggufName,
  type GgufTensor,
  temporaryFolder,
  tinyConfig,
  tinyWords
} from "./loadFixtures.ts"

/** What reading comes to: nothing wrong, or the error. */
const outcome = (read: () => Promise<unknown>): Promise<unknown> =>
  read().then(() => undefined, (cause: unknown) => cause)

const cuts = (length: number) => Array.from({ length: 60 }, (_, i) => Math.floor(length * (i / 60) ** 2))

/** A copy of `bytes` with one bit of its first `header` bytes turned. */
const damaged = (bytes: Uint8Array, header: number, round: number): Uint8Array => {
  const random = makeRandom(round, "damage")
  const copy = bytes.slice()
  const at = Math.floor(random.uniform() * header)
  copy[at] = copy[at]! ^ 1 << Math.floor(random.uniform() * 8)
  return copy
}

describe("a damaged safetensors file", () => {
  it("is refused with its name wherever it is cut, and read or refused whichever bit is turned", async () => {
    const folder = await temporaryFolder()
    const weights = initialWeights(tinyConfig, 1)
    await saveCheckpoint(folder, { config: tinyConfig, weights, dtype: "f16", tokenizerFrom: tinyWords })
    const file = join(folder, "model.safetensors")
    const bytes = new Uint8Array(readFileSync(file))
    const read = () => readSafetensors(file, parameterShapes(tinyConfig))
    for (const length of cuts(bytes.length)) {
      await writeFile(file, bytes.subarray(0, length))
      const error = await outcome(read)
      assert.instanceOf(error, CheckpointUnreadable, `cut at ${length}`)
      assert.include((error as CheckpointUnreadable).message, file)
    }
    const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))
    let refused = 0
    for (let round = 0; round < 200; round++) {
      await writeFile(file, damaged(bytes, header, round))
      const error = await outcome(read)
      if (error === undefined) continue
      refused++
      assert.instanceOf(error, CheckpointUnreadable, `round ${round}`)
    }
    assert.isAbove(refused, 100)
  })
})

describe("a damaged GGUF file", () => {
  it("is refused with its name wherever it is cut, and read or refused whichever bit is turned", async () => {
    const file = join(await temporaryFolder(), "model.gguf")
    const config = { ...tinyConfig, vocab: bytePairTokens.length }
    const weights = initialWeights(config, 7)
    const tensors = new Map<string, GgufTensor>(
      Array.from(parameterShapes(config), ([name, shape]) => [
        ggufName(name),
        { shape, type: 0, bytes: floatBytes(weights.get(name)!) }
      ])
    )
    const bytes = ggufBytes(ggufMetadata(config), tensors)
    const header = bytes.length - [...tensors.values()].reduce((sum, tensor) => sum + tensor.bytes.length, 0)
    const read = async () => {
      const checkpoint = await openCheckpoint(file)
      await checkpoint.weights()
      await checkpoint.tokenizer()
    }
    for (const length of cuts(bytes.length)) {
      await writeFile(file, bytes.subarray(0, length))
      const error = await outcome(read)
      assert.instanceOf(error, CheckpointUnreadable, `cut at ${length}`)
      assert.include((error as CheckpointUnreadable).message, file)
    }
    for (let round = 0; round < 200; round++) {
      await writeFile(file, damaged(bytes, header, round))
      const error = await outcome(read)
      if (error === undefined) continue
      assert.isTrue(error instanceof CheckpointUnreadable || error instanceof UnsupportedModel, `${round}: ${error}`)
    }
  })
})
