/**
 * The training graph of a llama-family model for one static shape: forward pass, loss, and the gradients of all weights
 * or of LoRA adapters. Weights are inputs of the graph, fed from the shared arrays, so a session holds no copy of them.
 * Only rows that have a target go beyond the last attention. Sessions and feeds are `GradientEngine.ts`' business.
 */
import type { LinearName, LlamaConfig } from "../Llama.ts"
import { embeddingName, finalNormName, headName, linearNames, linearShape, parameterName } from "../Llama.ts"
import * as Elementwise from "../onnx/Elementwise.ts"
import { Graph, type Tensor } from "../onnx/Graph.ts"
import * as Layout from "../onnx/Layout.ts"
import * as Matmul from "../onnx/Matmul.ts"
import * as Norm from "../onnx/Norm.ts"
import * as TokenHead from "../onnx/TokenHead.ts"
import { checkpointed } from "./checkpointed.ts"
import { lineLayout, type LineShape } from "./lineLayout.ts"
import { prefixLayout, type PrefixShape } from "./prefixLayout.ts"
import type { TokenLayout } from "./TokenLayout.ts"
import { adapterName, trainedShapes, type TrainMode } from "./TrainMode.ts"
import { type TokenLoss, tokenLoss, type TokenLossInputs, tokenLossInputs } from "./tokenLoss.ts"

/** What a graph computes, and over tokens in which shape. */
export type TrainGraphOptions = (LineShape | PrefixShape) & {
  readonly mode: TrainMode
  /** `"none"` computes log-probabilities only. */
  readonly loss: TokenLoss | "none"
  /** Recompute each layer in the backward pass: about a third more time, memory for one layer's activations. */
  readonly checkpointing?: boolean
}

/** The output that holds the gradient of a parameter. */
export const gradientName = (parameter: string): string => `gradient.${parameter}`
/** Gradient of the rows gathered from the embedding, `[batch · length, hidden]`; to be added up by token id. */
export const embeddedGradientName = "gradient.embedded"

/** The tensors a layer is built from. */
interface LayerWeights {
  readonly norms: readonly [Tensor, Tensor]
  readonly linears: Readonly<
    Record<LinearName, { w: Tensor; bias: Tensor | undefined; adapter: Matmul.Adapter | undefined }>
  >
}

/** One training graph under construction: declares inputs once and builds layers from them. */
class TrainGraph {
  readonly graph: Graph
  readonly config: LlamaConfig
  readonly options: TrainGraphOptions
  readonly backward: boolean
  readonly parameters = new Map<string, Tensor>()
  readonly layout: TokenLayout

  constructor(config: LlamaConfig, options: TrainGraphOptions) {
    this.config = config
    this.options = options
    this.backward = options.loss !== "none"
    this.graph = new Graph()
    this.layout = "prefixes" in options
      ? prefixLayout(this.graph, config, options)
      : lineLayout(this.graph, config, options, this.backward)
  }

  /** A weight or adapter matrix as an input; differentiable when it is trained. */
  parameter(name: string, shape: ReadonlyArray<number>, trained: boolean): Tensor {
    const known = this.parameters.get(name)
    if (known !== undefined) return known
    const tensor = this.graph.input(name, shape, "float32", trained && this.backward)
    this.parameters.set(name, tensor)
    return tensor
  }

  weight(name: string, shape: ReadonlyArray<number>): Tensor {
    return this.parameter(name, shape, this.options.mode.kind === "full")
  }

  layerWeights(layer: number): LayerWeights {
    const { config } = this
    const { mode } = this.options
    const linear = (name: LinearName) => {
      const shape = linearShape(config, name)
      const biased = config.qkvBias && (name === "q" || name === "k" || name === "v")
      return {
        w: this.weight(parameterName(layer, name), shape),
        bias: biased ? this.weight(parameterName(layer, name, "bias"), [shape[0]]) : undefined,
        adapter: mode.kind === "lora" && mode.targets.includes(name) ?
          {
            a: this.parameter(adapterName(layer, name, "a"), [mode.rank, shape[1]], true),
            b: this.parameter(adapterName(layer, name, "b"), [shape[0], mode.rank], true),
            scale: mode.alpha / mode.rank
          } :
          undefined
      }
    }
    const norm = (name: "input_layernorm" | "post_attention_layernorm") =>
      this.weight(parameterName(layer, name), [config.hidden])
    return {
      norms: [norm("input_layernorm"), norm("post_attention_layernorm")],
      linears: Object.fromEntries(linearNames.map((name) => [name, linear(name)])) as LayerWeights["linears"]
    }
  }

  /**
   * The first half of a layer, rows `x` `[tokens, hidden]` with what attention adds. Of the last layer only the rows
   * that have a target are computed beyond the scores; the result is `[targets, hidden]` then.
   */
  attend(x: Tensor, weights: LayerWeights, last: boolean): Tensor {
    const { config, graph: g, layout } = this
    const normed = Norm.rmsNorm(g, x, weights.norms[0], config.rmsEps)
    const apply = (rows: Tensor, name: LinearName) => this.linear(rows, weights, name)
    const joined = layout.attention(apply(normed, "q"), apply(normed, "k"), apply(normed, "v"))
    const onward = (rows: Tensor) => last ? layout.targetRows(rows) : rows
    return Elementwise.add(g, onward(x), apply(onward(joined), "o"))
  }

  /** The second half of a layer: rows `x` `[n, hidden]` with what the gated map adds. */
  feedForward(x: Tensor, weights: LayerWeights): Tensor {
    const normed = Norm.rmsNorm(this.graph, x, weights.norms[1], this.config.rmsEps)
    const gated = Norm.swiglu(
      this.graph,
      this.linear(normed, weights, "gate"),
      this.linear(normed, weights, "up")
    )
    return Elementwise.add(this.graph, x, this.linear(gated, weights, "down"))
  }

  linear(rows: Tensor, { linears }: LayerWeights, name: LinearName): Tensor {
    return Matmul.linear(this.graph, rows, linears[name].w, linears[name])
  }

  /**
   * Normalised states `[targets, hidden]` of the rows that have a target, from embedded tokens. With checkpointing each
   * half of a layer keeps its input only: of what is recomputed no gradient needs the last product of a half, so it is
   * not computed again.
   */
  finalStates(embedded: Tensor): Tensor {
    const { config, graph: g } = this
    const again = this.options.checkpointing === true && this.backward
    let x = embedded
    for (let layer = 0; layer < config.layers; layer++) {
      const weights = this.layerWeights(layer)
      const last = layer === config.layers - 1
      const half = (names: ReadonlyArray<LinearName>, norm: 0 | 1, build: (x: Tensor, of: LayerWeights) => Tensor) => {
        x = again
          ? checkpointed(
            g,
            x,
            trainedTensors(weights, names, norm),
            (input, replace) => build(input, withTensors(weights, replace))
          )
          : build(x, weights)
      }
      half(["q", "k", "v", "o"], 0, (input, of) => this.attend(input, of, last))
      half(["gate", "up", "down"], 1, (input, of) => this.feedForward(input, of))
    }
    return Norm.rmsNorm(g, x, this.weight(finalNormName, [config.hidden]), config.rmsEps)
  }
}

/** The tensors of a part of a layer that carry gradients. */
const trainedTensors = (
  { linears, norms }: LayerWeights,
  names: ReadonlyArray<LinearName>,
  norm: 0 | 1
): ReadonlyArray<Tensor> =>
  [
    norms[norm],
    ...names.flatMap((name) => {
      const { adapter, bias, w } = linears[name]
      return [w, bias, adapter?.a, adapter?.b]
    })
  ].filter((tensor) => tensor !== undefined).filter((tensor) => tensor.differentiable)

const withTensors = (weights: LayerWeights, replace: (tensor: Tensor) => Tensor): LayerWeights => ({
  norms: [replace(weights.norms[0]), replace(weights.norms[1])],
  linears: Object.fromEntries(linearNames.map((name) => {
    const { adapter, bias, w } = weights.linears[name]
    return [name, {
      w: replace(w),
      bias: bias && replace(bias),
      adapter: adapter && { a: replace(adapter.a), b: replace(adapter.b), scale: adapter.scale }
    }]
  })) as LayerWeights["linears"]
})

/** Per-token inputs restricted to the rows of one chunk. */
const chunkInputs = (g: Graph, inputs: TokenLossInputs, from: number, to: number): TokenLossInputs =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [name, Layout.sliceRows(g, tensor as Tensor, from, to)])
  ) as unknown as TokenLossInputs

/** Emits the loss and its gradients where they enter the head, with `logprobs` and `loss` as outputs. */
const headGradients = (
  g: Graph,
  loss: TokenLoss,
  final: Tensor,
  head: Tensor,
  targets: Tensor
): TokenHead.TokenGradients => {
  const inputs = tokenLossInputs(g, loss, targets.shape[0]!)
  const losses: Array<Tensor> = []
  const gradients = TokenHead.tokenGradients(g, final, head, targets, (chunk, from, to) => {
    const logprobs = g.variable(chunk, true)
    const mark = g.tapeLength
    const tokens = tokenLoss(g, loss, logprobs, chunkInputs(g, inputs, from, to))
    losses.push(Elementwise.total(g, tokens))
    const ones = g.constant(new Float32Array(to - from).fill(1))
    return g.backward([[tokens, ones]], mark).get(logprobs)!
  })
  g.output("logprobs", gradients.logprobs)
  g.output("loss", losses.reduce((sum, chunk) => Elementwise.binary(g, "Add", sum, chunk)))
  return gradients
}

/**
 * Builds the graph.
 *
 * **Inputs**: `ids` `[tokens]` int64; those of the layout (`lineLayout.ts`, `prefixLayout.ts`); `targets` `[targets]`
 * int64; the token inputs of the loss `[targets]`; every weight and adapter under its name.
 * **Outputs**: `logprobs` `[targets]`; with a loss also `loss` (scalar), one gradient per trained parameter, and in
 * full mode `embeddedGradientName`, which the caller adds to the embedding's gradient.
 */
export const trainGraph = (config: LlamaConfig, options: TrainGraphOptions): Graph => {
  const builder = new TrainGraph(config, options)
  const g = builder.graph
  const embedding = builder.weight(embeddingName, [config.vocab, config.hidden])
  const ids = g.input("ids", [builder.layout.tokens], "int64")
  const embedded = g.variable(Layout.gatherRows(g, embedding, ids), embedding.differentiable)
  const final = builder.finalStates(embedded)
  const head = config.tied ? embedding : builder.weight(headName, [config.vocab, config.hidden])
  const targets = g.input("targets", [builder.layout.targets], "int64")
  if (options.loss === "none") {
    g.output("logprobs", TokenHead.tokenLogprobs(g, final, head, targets))
    return g
  }
  const gradients = headGradients(g, options.loss, final, head, targets)
  const leaves = g.backward([[final, gradients.hidden]])
  if (embedded.differentiable) g.output(embeddedGradientName, leaves.get(embedded)!)
  for (const name of trainedShapes(config, options.mode).keys()) {
    const tensor = builder.parameters.get(name)!
    const gradient = tensor === head ? gradients.head : leaves.get(tensor)
    // An untied embedding is reached through the gathered rows only.
    if (gradient !== undefined) g.output(gradientName(name), gradient)
  }
  return g
}
