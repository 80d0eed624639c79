/** Rows that share prompts: packed, and trained on to the losses and gradients of rows that share nothing. */
import { assert, describe, it } from "vitest"
import { productFlops } from "../../../bench/models/productFlops.ts"
import type { LlamaConfig } from "../../../models/Llama.ts"
import { linearNames } from "../../../models/Llama.ts"
import { makeRandom } from "../../../models/sample/Random.ts"
import { initialAdapters } from "../../../models/train/adapters.ts"
import { GradientEngine, type GradientEngineOptions } from "../../../models/train/GradientEngine.ts"
import { packPrefixes } from "../../../models/train/packPrefixes.ts"
import type { TrainRow } from "../../../models/train/packRows.ts"
import type { RunSizing } from "../../../models/train/runSizing.ts"
import { trainGraph } from "../../../models/train/trainGraph.ts"
import type { TrainMode } from "../../../models/train/TrainMode.ts"
import { openEngine } from "./openEngine.ts"
import { tinyConfig, tinyWeights } from "./tinyModel.ts"

const sizing: RunSizing = {
  rowsPerRun: 8,
  tokensPerRun: 4096,
  lengthBucket: 4,
  targetBucket: 1 / 16,
  checkpointing: false,
  sharedPrefixes: true,
  decoderWidth: 4
}

const tokens = (length: number, label: string): ReadonlyArray<number> => {
  const random = makeRandom(11, label)
  return Array.from({ length }, () => Math.floor(random.uniform() * tinyConfig.vocab))
}

/** `answers` of given lengths to a prompt of `prompt` tokens. */
const family = (name: string, prompt: number, answers: ReadonlyArray<number>): ReadonlyArray<TrainRow> =>
  answers.map((length, i) => {
    const random = makeRandom(12, `${name}/${i}`)
    const values = (scale: number) => Array.from({ length }, () => -3 + scale * random.normal())
    return {
      ids: [...tokens(prompt, name), ...tokens(length, `${name}/${i}`)],
      targetFrom: prompt,
      weight: 0.01 + 0.02 * random.uniform(),
      advantage: random.normal(),
      oldLogprobs: values(0.5),
      referenceLogprobs: values(0.5)
    }
  })

/** Prompts of one, several and many tokens; one answer, many, and lists that end inside a bucket and at its end. */
const families: ReadonlyArray<TrainRow> = [
  ...family("a", 7, [3, 9, 1, 4]),
  ...family("b", 1, [5, 2]),
  ...family("c", 12, [8]),
  ...family("d", 8, [4, 4])
]

const engineOf = (
  config: LlamaConfig,
  mode: TrainMode,
  change: Partial<RunSizing>,
  loss: GradientEngineOptions["loss"] = { kind: "grpo", clipLow: 0.2, clipHigh: 0.3, klCoefficient: 0.1 }
) => {
  const adapters = mode.kind === "lora" ? initialAdapters(config, mode, 3) : new Map<string, Float32Array>()
  for (const [name, values] of adapters) {
    const random = makeRandom(13, name)
    if (name.includes("lora_B")) values.forEach((_, i) => values[i] = random.normal() * 0.2)
  }
  return openEngine({
    config,
    weights: tinyWeights(config),
    mode,
    adapters,
    loss,
    threads: 1,
    sizing: { ...sizing, ...change }
  })
}

const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values))

/** The same losses, log-probabilities and gradients, up to the order of sums in float32. */
const assertEqualRuns = async (actual: GradientEngine, expected: GradientEngine, rows: ReadonlyArray<TrainRow>) => {
  const [a, b] = [await actual.run(rows), await expected.run(rows)]
  assert.closeTo(a.loss, b.loss, 2e-6)
  assert.deepStrictEqual(
    a.logprobs.map(({ length }) => length),
    rows.map(({ ids, targetFrom }) => ids.length - targetFrom)
  )
  a.logprobs.forEach((row, i) => row.forEach((value, t) => assert.closeTo(value, b.logprobs[i]![t]!, 1e-5)))
  assert.deepStrictEqual([...actual.gradients.keys()], [...expected.gradients.keys()])
  for (const [name, gradient] of actual.gradients) {
    const other = expected.gradients.get(name)!
    assert.isAbove(norm(other), 0, name)
    assert.isBelow(norm(gradient.map((value, i) => value - other[i]!)), 5e-6 * norm(other) + 1e-8, name)
  }
}

describe("rows with shared prompts", () => {
  const lora: TrainMode = { kind: "lora", rank: 2, alpha: 4, targets: linearNames }
  const biased: LlamaConfig = { ...tinyConfig, tied: false, qkvBias: true }
  for (
    const [title, config, mode] of [
      ["all weights", tinyConfig, { kind: "full" }],
      ["an untied head and biases", biased, { kind: "full" }],
      ["adapters", tinyConfig, lora]
    ] as const
  ) {
    for (const change of [{}, { checkpointing: true }, { rowsPerRun: 3, tokensPerRun: 30 }]) {
      it(`give the gradients of rows on lines of their own: ${title}, ${JSON.stringify(change)}`, async () => {
        const shared = engineOf(config, mode, change)
        const alone = engineOf(config, mode, { sharedPrefixes: false })
        await assertEqualRuns(shared, alone, families)
      })
    }
  }

  it("are attended in spans when they are long", async () => {
    const config: LlamaConfig = { ...tinyConfig, contextLength: 1024 }
    const rows = [...family("long", 150, [140, 20, 260]), ...family("short", 3, [130])]
    const shared = engineOf(config, { kind: "full" }, { lengthBucket: 16 })
    const alone = engineOf(config, { kind: "full" }, { lengthBucket: 16, sharedPrefixes: false })
    await assertEqualRuns(shared, alone, rows)
  })

  it("give the same log-probabilities without a loss", async () => {
    const shared = await engineOf(tinyConfig, { kind: "full" }, {}, "none").run(families)
    const alone = await engineOf(tinyConfig, { kind: "full" }, { sharedPrefixes: false }, "none").run(families)
    shared.logprobs.forEach((row, i) => row.forEach((value, t) => assert.closeTo(value, alone.logprobs[i]![t]!, 1e-5)))
  })

  it("cost the products of their tokens, and those of a prompt once", () => {
    const shape = { prefixLength: 16, prefixTokens: 16, rowLength: 8 }
    const flops = (rows: number) =>
      productFlops(() =>
        trainGraph(tinyConfig, {
          ...shape,
          prefixes: 1,
          rows,
          targets: rows * 8,
          mode: { kind: "full" },
          loss: "none"
        })
      )
    const { ffn, headDim, heads, hidden, kvHeads, layers, vocab } = tinyConfig
    const maps = layers * hidden * (2 * heads * headDim + 2 * kvHeads * headDim + 3 * ffn) + vocab * hidden
    // a row of 8 tokens looks at 24 keys
    assert.strictEqual(flops(4) - flops(3), 2 * 8 * (maps + 2 * layers * heads * headDim * 24))
  })
})

describe("packPrefixes", () => {
  it("lists prefixes, then rows from the last token of their prompt, each with its cells", () => {
    const rows = [
      { ids: [1, 2, 3, 10, 11], targetFrom: 3, weight: 0.5, advantage: 2, oldLogprobs: [-1, -2] },
      { ids: [4, 12], targetFrom: 1, weight: 0.25 },
      { ids: [1, 2, 3, 20, 21, 22], targetFrom: 3, weight: 1 }
    ]
    const [run, ...more] = packPrefixes(rows, sizing)
    assert.strictEqual(more.length, 0)
    const { inputs, spans, ...shape } = run!
    assert.deepStrictEqual(shape, {
      prefixes: 2,
      prefixLength: 4,
      prefixTokens: 4,
      rows: 3,
      rowLength: 4,
      targets: 8
    })
    assert.deepStrictEqual(spans, [[2, 0, 3], [0, 3, 5], [1, 5, 6]])
    assert.deepStrictEqual(Array.from(inputs.ids, Number), [1, 2, 0, 0, 3, 20, 21, 3, 10, 4, 0, 0])
    assert.deepStrictEqual(Array.from(inputs.positions, Number), [0, 1, 0, 0, 2, 3, 4, 2, 3, 0, 0, 0])
    assert.deepStrictEqual([...inputs.prefixCells], [0, 1, 3, 3, 3, 3, 3, 3])
    assert.deepStrictEqual([...inputs.rowCells], [4, 5, 6, 3, 7, 8, 3, 3, 9, 3, 3, 3])
    assert.deepStrictEqual([...inputs.cells], [0, 1, 3, 3, 8, 9, 10, 12, 13, 16, 3, 3])
    assert.deepStrictEqual([...inputs.prefixOf], [0, 0, 1])
    assert.deepStrictEqual(Array.from(inputs.targets, Number), [20, 21, 22, 10, 11, 12, 0, 0])
    assert.deepStrictEqual([...inputs.weights], [1, 1, 1, 0.5, 0.5, 0.25, 0, 0])
    assert.deepStrictEqual([...inputs.advantages], [0, 0, 0, 2, 2, 0, 0, 0])
    assert.deepStrictEqual([...inputs.oldLogprobs], [0, 0, 0, -1, -2, 0, 0, 0])
  })

  it("packs every target once within the limits, and divides only families that are too large", () => {
    const random = makeRandom(14)
    for (let round = 0; round < 40; round++) {
      const rows = Array.from({ length: 6 }, (_, i) => {
        const lengths = Array.from(
          { length: 1 + Math.floor(6 * random.uniform()) },
          () => 1 + Math.floor(12 * random.uniform())
        )
        return family(`${round}/${i}`, 1 + Math.floor(9 * random.uniform()), lengths)
      }).flat()
      const options = { ...sizing, rowsPerRun: 4 + round % 3, tokensPerRun: 60 }
      const runs = [...packPrefixes(rows, options)]
      const places = runs.flatMap(({ spans }) => spans.map(([place]) => place))
      assert.deepStrictEqual(places.toSorted((a, b) => a - b), [...rows.keys()])
      for (const { inputs, prefixTokens, spans } of runs) {
        assert.isAtMost(spans.length, options.rowsPerRun)
        for (const [place, from, to] of spans) {
          const { targetFrom } = rows[place]!
          const ids = Array.from(rows[place]!.ids)
          assert.deepStrictEqual(Array.from(inputs.targets.slice(from, to), Number), ids.slice(targetFrom))
          const sequence = Array.from(inputs.ids.slice(prefixTokens + from, prefixTokens + to), Number)
          assert.deepStrictEqual(sequence, ids.slice(targetFrom - 1, -1))
        }
      }
      const promptOf = ({ ids, targetFrom }: TrainRow) => Array.from(ids).slice(0, targetFrom - 1).join()
      const runsOf = (prompt: string) =>
        runs.filter(({ spans }) => spans.some(([place]) => promptOf(rows[place]!) === prompt))
      for (const [prompt, all] of Map.groupBy(rows, promptOf)) {
        const size = all.reduce((sum, { ids, targetFrom }) => sum + ids.length - targetFrom, all[0]!.targetFrom - 1)
        if (all.length <= options.rowsPerRun && size <= options.tokensPerRun) assert.lengthOf(runsOf(prompt), 1)
      }
    }
  })
})
