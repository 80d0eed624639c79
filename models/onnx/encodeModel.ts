/**
 * Writes an ONNX model file (protobuf wire format) from a list of nodes. Only the messages a generated graph needs are
 * covered: ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto and ValueInfoProto of ONNX IR version 10.
 * What the nodes mean, and whether they fit together, is the business of `Graph.ts`.
 */

/** Element types a generated graph uses. */
export type ElementType = "float32" | "float16" | "int64" | "int32" | "int8" | "uint8" | "bool"

/** A node attribute: an integer, a string, a list of integers, or `{ float }`. */
export type Attribute = number | string | ReadonlyArray<number> | { readonly float: number }

/** One operator application. An empty input or output name leaves an optional slot unused. */
export interface OnnxNode {
  readonly op: string
  /** "" for standard operators, "com.microsoft" for onnxruntime's own. */
  readonly domain: string
  readonly name: string
  readonly inputs: ReadonlyArray<string>
  readonly outputs: ReadonlyArray<string>
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** A named graph input or output with its shape. */
export interface OnnxValue {
  readonly name: string
  readonly type: ElementType
  /** A size of −1 is open: onnxruntime takes whatever is fed. */
  readonly shape: ReadonlyArray<number>
}

/** Where an initializer's bytes lie outside the model: offset and length in bytes. */
export interface ExternalData {
  readonly file: string
  readonly offset: number
  readonly length: number
}

/** A constant tensor: its little-endian bytes, or a reference to a file that holds them. */
export interface OnnxInitializer extends OnnxValue {
  readonly data: Uint8Array | ExternalData
}

export interface OnnxModel {
  readonly nodes: ReadonlyArray<OnnxNode>
  readonly initializers: ReadonlyArray<OnnxInitializer>
  readonly inputs: ReadonlyArray<OnnxValue>
  readonly outputs: ReadonlyArray<OnnxValue>
}

/** ONNX IR 10 with operator set 20 is what onnxruntime 1.30 reads without conversion. */
const irVersion = 10
const standardOpset = 20
const microsoftOpset = 1

/** TensorProto.DataType. */
const elementTypeCode: Record<ElementType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10
}

/** AttributeProto.AttributeType. */
const attributeTypeCode = { float: 1, int: 2, string: 3, ints: 7 }

/** Protobuf wire types. */
const wireVarint = 0
const wireBytes = 2
const wireFixed32 = 5

const utf8 = new TextEncoder()

/** A growing protobuf message; every method appends one field. */
class Message {
  #bytes = new Uint8Array(1024)
  #length = 0

  #reserve(count: number) {
    if (this.#length + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }

  /** Base-128; negative numbers take ten bytes, as int64 fields demand. */
  #varint(value: number) {
    this.#reserve(10)
    if (value >= 0 && value < 2 ** 31) {
      let rest = value
      while (rest > 127) {
        this.#bytes[this.#length++] = (rest & 127) | 128
        rest >>>= 7
      }
      this.#bytes[this.#length++] = rest
      return
    }
    let rest = BigInt.asUintN(64, BigInt(value))
    while (rest > 127n) {
      this.#bytes[this.#length++] = Number(rest & 127n) | 128
      rest >>= 7n
    }
    this.#bytes[this.#length++] = Number(rest)
  }

  #tag(field: number, wireType: number) {
    this.#varint(field * 8 + wireType)
  }

  int(field: number, value: number): this {
    this.#tag(field, wireVarint)
    this.#varint(value)
    return this
  }

  float(field: number, value: number): this {
    this.#tag(field, wireFixed32)
    this.#reserve(4)
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true)
    this.#length += 4
    return this
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, wireBytes)
    this.#varint(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
    return this
  }

  string(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value))
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish())
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }
}

const attributeProto = (name: string, value: Attribute): Message => {
  const message = new Message().string(1, name)
  if (typeof value === "number") return message.int(3, value).int(20, attributeTypeCode.int)
  if (typeof value === "string") return message.string(4, value).int(20, attributeTypeCode.string)
  if ("float" in value) return message.float(2, value.float).int(20, attributeTypeCode.float)
  for (const item of value) message.int(8, item)
  return message.int(20, attributeTypeCode.ints)
}

const nodeProto = (node: OnnxNode): Message => {
  const message = new Message()
  for (const input of node.inputs) message.string(1, input)
  for (const output of node.outputs) message.string(2, output)
  message.string(3, node.name).string(4, node.op)
  for (const [name, value] of Object.entries(node.attributes)) message.message(5, attributeProto(name, value))
  if (node.domain !== "") message.string(7, node.domain)
  return message
}

const tensorProto = (tensor: OnnxInitializer): Message => {
  const message = new Message()
  for (const size of tensor.shape) message.int(1, size)
  message.int(2, elementTypeCode[tensor.type]).string(8, tensor.name)
  if (tensor.data instanceof Uint8Array) return message.bytes(9, tensor.data)
  const entries = { location: tensor.data.file, offset: `${tensor.data.offset}`, length: `${tensor.data.length}` }
  for (const [key, value] of Object.entries(entries)) {
    message.message(13, new Message().string(1, key).string(2, value))
  }
  const dataLocationExternal = 1
  return message.int(14, dataLocationExternal)
}

const valueInfoProto = (value: OnnxValue): Message => {
  const shape = new Message()
  for (const size of value.shape) shape.message(1, new Message().int(1, size))
  const tensorType = new Message().int(1, elementTypeCode[value.type]).message(2, shape)
  return new Message().string(1, value.name).message(2, new Message().message(1, tensorType))
}

const opsetProto = (domain: string, version: number): Message => new Message().string(1, domain).int(2, version)

/** The bytes of an `.onnx` file for `model`. */
export const encodeModel = (model: OnnxModel): Uint8Array => {
  const graph = new Message()
  for (const node of model.nodes) graph.message(1, nodeProto(node))
  graph.string(2, "graph")
  for (const initializer of model.initializers) graph.message(5, tensorProto(initializer))
  for (const input of model.inputs) graph.message(11, valueInfoProto(input))
  for (const output of model.outputs) graph.message(12, valueInfoProto(output))
  return new Message()
    .int(1, irVersion)
    .string(2, "sinternal")
    .message(7, graph)
    .message(8, opsetProto("", standardOpset))
    .message(8, opsetProto("com.microsoft", microsoftOpset))
    .finish()
}
