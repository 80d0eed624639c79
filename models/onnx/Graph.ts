/**
 * An ONNX graph under construction, with reverse-mode differentiation (for static shapes). `Graph` emits nodes and
 * keeps a tape of those that carry gradients; the operator families (`Elementwise`, `Layout`, `Matmul`, `Norm`,
 * `Attention`, `TokenHead`) are functions over it, each with a hand-derived adjoint that emits nodes again. Running a
 * graph, and which weights feed it, is left to the callers.
 */
import type { Attribute, ElementType, ExternalData, OnnxInitializer, OnnxNode, OnnxValue } from "./encodeModel.ts"
import { encodeModel } from "./encodeModel.ts"

export type Shape = ReadonlyArray<number>

/** A value of the graph. Gradients are keyed by this object, so a detached copy of a tensor is another variable. */
export interface Tensor {
  readonly name: string
  readonly shape: Shape
  readonly type: ElementType
  /** Whether gradients flow into it. */
  readonly differentiable: boolean
}

/**
 * The adjoint of one recorded operator: from the gradient of its output to the gradients of its inputs, in order.
 * `undefined` means no gradient for that input.
 */
export type Adjoint = (gradient: Tensor) => ReadonlyArray<Tensor | undefined>

interface TapeEntry {
  readonly inputs: ReadonlyArray<Tensor>
  readonly output: Tensor
  readonly adjoint: Adjoint
}

export interface EmitOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>
  /** Default: a standard operator. */
  readonly domain?: "" | "com.microsoft"
  /** Element type of the outputs. Default: float32. */
  readonly type?: ElementType
}

/** Number of elements of a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1)

/** Small constants (shapes, axes, scalars) are shared by value; larger ones are not worth comparing. */
const sharedConstantLimit = 64

export class Graph {
  #nodes: Array<OnnxNode> = []
  #initializers: Array<OnnxInitializer> = []
  #inputs: Array<OnnxValue> = []
  #outputs: Array<OnnxValue> = []
  #tape: Array<TapeEntry> = []
  #constants = new Map<string, Tensor>()
  /** Internal names of tensors that are graph outputs → their public names. */
  #publicNames = new Map<string, string>()
  #computed = new Set<string>()
  #count = 0

  get inputs(): ReadonlyArray<OnnxValue> {
    return this.#inputs
  }

  get outputs(): ReadonlyArray<OnnxValue> {
    return this.#outputs
  }

  get nodeCount(): number {
    return this.#nodes.length
  }

  /** A value fed at every run. */
  input(name: string, shape: Shape, type: ElementType = "float32", differentiable = false): Tensor {
    this.#inputs.push({ name, shape, type })
    return { name, shape, type, differentiable }
  }

  /** A constant whose bytes stay in a file (little endian). */
  external(name: string, shape: Shape, data: ExternalData, type: ElementType = "float32"): Tensor {
    this.#initializers.push({ name, shape, type, data })
    return { name, shape, type, differentiable: false }
  }

  /** A constant stored in the model; `shape` defaults to a vector. */
  constant(
    values: ArrayLike<number>,
    shape: Shape = [values.length],
    type: "float32" | "int64" | "int32" = "float32"
  ): Tensor {
    const key = values.length <= sharedConstantLimit ? `${type}[${shape}]:${Array.from(values)}` : undefined
    const shared = key === undefined ? undefined : this.#constants.get(key)
    if (shared !== undefined) return shared
    const data = type === "int64" ?
      BigInt64Array.from({ length: values.length }, (_, i) => BigInt(values[i]!)) :
      type === "int32" ?
      Int32Array.from(values) :
      Float32Array.from(values)
    const tensor: Tensor = { name: `constant_${this.#count++}`, shape, type, differentiable: false }
    this.#initializers.push({ name: tensor.name, shape, type, data: new Uint8Array(data.buffer) })
    if (key !== undefined) this.#constants.set(key, tensor)
    return tensor
  }

  scalar(value: number): Tensor {
    return this.constant([value], [])
  }

  /** A vector of int64, as shapes, axes and indices are given to operators. */
  integers(values: ArrayLike<number>): Tensor {
    return this.constant(values, [values.length], "int64")
  }

  /** Makes `tensor` a result of the graph under `name`. */
  output(name: string, tensor: Tensor): void {
    const nameable = this.#computed.has(tensor.name) && !this.#publicNames.has(tensor.name)
    const source = nameable ?
      tensor :
      this.emit("Identity", [tensor], tensor.shape, { type: tensor.type })
    this.#publicNames.set(source.name, name)
    this.#outputs.push({ name, shape: tensor.shape, type: tensor.type })
  }

  /** Appends one operator with one output; `null` leaves an optional input empty. No gradient is recorded. */
  emit(op: string, inputs: ReadonlyArray<Tensor | null>, shape: Shape, options: EmitOptions = {}): Tensor {
    return this.emitMany(op, inputs, [shape], options)[0]!
  }

  /**
   * Appends one operator with several outputs; a `null` shape leaves that optional output unused (its entry of the
   * result must not be read).
   */
  emitMany(
    op: string,
    inputs: ReadonlyArray<Tensor | null>,
    shapes: ReadonlyArray<Shape | null>,
    options: EmitOptions = {}
  ): ReadonlyArray<Tensor> {
    const id = this.#count++
    const outputs = shapes.map((shape, i): Tensor => ({
      name: shape === null ? "" : `${op}_${id}${shapes.length > 1 ? `_${i}` : ""}`,
      shape: shape ?? [],
      type: options.type ?? "float32",
      differentiable: false
    }))
    for (const output of outputs) this.#computed.add(output.name)
    this.#nodes.push({
      op,
      domain: options.domain ?? "",
      name: `node_${id}_${op}`,
      inputs: inputs.map((input) => input?.name ?? ""),
      outputs: outputs.map((output) => output.name),
      attributes: options.attributes ?? {}
    })
    return outputs
  }

  /**
   * Puts `output`, computed from `inputs`, on the tape when one of them carries gradients; returns the variable to go
   * on with.
   */
  record(inputs: ReadonlyArray<Tensor>, output: Tensor, adjoint: Adjoint): Tensor {
    if (!inputs.some((input) => input.differentiable)) return output
    const variable = { ...output, differentiable: true }
    this.#tape.push({ inputs, output: variable, adjoint })
    return variable
  }

  /** The same value as a new variable: with gradients it is a leaf, without it cuts the tape. */
  variable(tensor: Tensor, differentiable: boolean): Tensor {
    return { ...tensor, differentiable }
  }

  /** A mark to hand to `backward`. */
  get tapeLength(): number {
    return this.#tape.length
  }

  /**
   * Emits the reverse sweep over the tape (the part after `from`, which is removed from it) and returns the gradients
   * of all variables still unconsumed: the leaves. `seeds` are the gradients the sweep starts with.
   */
  backward(seeds: ReadonlyArray<readonly [Tensor, Tensor]>, from = 0): ReadonlyMap<Tensor, Tensor> {
    const gradients = new Map<Tensor, Tensor>()
    const accumulate = (variable: Tensor, gradient: Tensor) => {
      const sum = gradients.get(variable)
      gradients.set(variable, sum === undefined ? gradient : this.emit("Add", [sum, gradient], gradient.shape))
    }
    for (const [variable, gradient] of seeds) accumulate(variable, gradient)
    const swept = this.#tape.splice(from).reverse()
    const kept = this.#tape
    for (const { adjoint, inputs, output } of swept) {
      const gradient = gradients.get(output)
      if (gradient === undefined) continue
      gradients.delete(output)
      // An adjoint may use recording operators, or rebuild and differentiate a whole block; what it records is its own.
      this.#tape = []
      adjoint(gradient).forEach((inputGradient, i) => {
        const input = inputs[i]!
        if (inputGradient !== undefined && input.differentiable) accumulate(input, inputGradient)
      })
    }
    this.#tape = kept
    return gradients
  }

  /**
   * The nodes that an output needs, in order. A block that is built again for its gradients has others, such as its
   * last products, and onnxruntime would compute them.
   */
  neededNodes(): ReadonlyArray<OnnxNode> {
    const wanted = new Set(this.#publicNames.keys())
    return this.#nodes.toReversed().filter(({ inputs, outputs }) => {
      // optional inputs and outputs that are left out have no name
      const needed = outputs.some((output) => output !== "" && wanted.has(output))
      if (needed) { for (const input of inputs) wanted.add(input) }
      return needed
    }).toReversed()
  }

  /** The bytes of the model: what its outputs need. */
  encode(): Uint8Array {
    const named = (name: string) => this.#publicNames.get(name) ?? name
    return encodeModel({
      nodes: this.neededNodes().map((node) => ({
        ...node,
        inputs: node.inputs.map(named),
        outputs: node.outputs.map(named)
      })),
      initializers: this.#initializers,
      inputs: this.#inputs,
      outputs: this.#outputs
    })
  }
}
