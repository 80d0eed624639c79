/**
 * Reads and writes safetensors, the weight files of Hugging Face models: one file, or shards named by an index. f32,
 * f16 and bf16 become float32 in shared memory; the bytes written depend on the weights only. Which parameters a model
 * needs comes from its configuration (`../Llama.ts`).
 *
 * **Source**: the format's description in huggingface/safetensors (`README.md`, "Format").
 */
import { open, readFile, rename } from "node:fs/promises"
import { dirname, join } from "node:path"
import { allocateWeights, type Weights } from "../Weights.ts"
import { CheckpointUnreadable } from "./CheckpointUnreadable.ts"
import { type RandomAccess, withFile } from "./RandomAccess.ts"
import { narrowBf16, widenBf16, widenF16 } from "./widen.ts"

/** A number format that weights are written in. */
export type FloatFormat = "f32" | "f16" | "bf16"

/** How a file's name ends while it is written; one that lies there is left over from a process that was killed. */
export const partialEnding = ".partial"

/** A wanted parameter: name and shape. */
export type Shapes = ReadonlyMap<string, ReadonlyArray<number>>

interface Entry {
  readonly dtype: string
  readonly shape: ReadonlyArray<number>
  /** Bytes from the start of the file. */
  readonly start: number
  readonly end: number
}

const elementBytes: { readonly [dtype: string]: number } = { F32: 4, F16: 2, BF16: 2 }
const isSize = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
const count = (shape: ReadonlyArray<number>) => shape.reduce((a, b) => a * b, 1)

const readHeader = async (file: RandomAccess): Promise<ReadonlyMap<string, Entry>> => {
  const fail = (reason: string) => new CheckpointUnreadable({ file: file.path, reason })
  const prefix = new Uint8Array(8)
  await file.read(prefix, 0)
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true))
  if (length > file.size - 8) throw fail(`its header claims ${length} bytes; it is cut short or not safetensors`)
  const bytes = new Uint8Array(length)
  await file.read(bytes, 8)
  let header: { [name: string]: { dtype: string; shape: Array<number>; data_offsets: [number, number] } }
  try {
    header = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw fail("its header is not JSON; it is not safetensors")
  }
  const entries = new Map<string, Entry>()
  if (header === null || typeof header !== "object") throw fail("its header is not an object; it is not safetensors")
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue
    const { data_offsets: offsets, dtype, shape } = entry ?? {}
    const sound = [shape, offsets].every((list) => Array.isArray(list) && list.every(isSize)) && offsets.length === 2
    if (!sound) throw fail(`the header entry of ${name} is malformed`)
    entries.set(name, { dtype, shape, start: 8 + length + offsets[0], end: 8 + length + offsets[1] })
  }
  return entries
}

/** The entry of a wanted tensor, if it is as wanted. */
const soundEntry = (
  file: RandomAccess,
  name: string,
  entry: Entry | undefined,
  shape: ReadonlyArray<number>
): Entry => {
  const fail = (reason: string) => new CheckpointUnreadable({ file: file.path, tensor: name, reason })
  if (entry === undefined) throw fail("it is not in the file")
  if (entry.shape.join() !== shape.join()) {
    throw fail(`its shape is [${entry.shape}], the configuration asks for [${shape}]`)
  }
  const width = elementBytes[entry.dtype]
  if (width === undefined) throw fail(`its type ${entry.dtype} is not one of ${Object.keys(elementBytes).join(", ")}`)
  const elements = count(shape)
  if (entry.end - entry.start !== elements * width) {
    throw fail(`it has ${entry.end - entry.start} bytes, [${shape}] in ${entry.dtype} needs ${elements * width}`)
  }
  return entry
}

const readTensor = async (file: RandomAccess, name: string, entry: Entry, into: Float32Array): Promise<void> => {
  if (entry.dtype === "F32") {
    await file.read(new Uint8Array(into.buffer, into.byteOffset, into.byteLength), entry.start, name)
  } else {
    const narrow = new Uint16Array(into.length)
    await file.read(new Uint8Array(narrow.buffer), entry.start, name)
    if (entry.dtype === "F16") widenF16(narrow, into)
    else widenBf16(narrow, into)
  }
}

/** Checks that a file holds tensors of these shapes; memory is allocated only after that. */
const check = (path: string, shapes: Shapes) =>
  withFile(path, async (file) => {
    const entries = await readHeader(file)
    for (const [name, shape] of shapes) soundEntry(file, name, entries.get(name), shape)
  })

const readInto = (path: string, shapes: Shapes, weights: Weights) =>
  withFile(path, async (file) => {
    const entries = await readHeader(file)
    for (const [name, shape] of shapes) {
      await readTensor(file, name, soundEntry(file, name, entries.get(name), shape), weights.get(name)!)
    }
  })

/** Names and shapes of the tensors in one file. **Fails**: rejects with `CheckpointUnreadable`. */
export const safetensorsShapes = (path: string): Promise<Shapes> =>
  withFile(path, async (file) => new Map(Array.from(await readHeader(file), ([name, { shape }]) => [name, shape])))

const readIndex = async (path: string): Promise<ReadonlyMap<string, string>> => {
  const fail = (reason: string) => new CheckpointUnreadable({ file: path, reason })
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw fail(cause.message)
  })
  try {
    return new Map(Object.entries((JSON.parse(text) as { weight_map: { [name: string]: string } }).weight_map))
  } catch {
    throw fail("it is not a safetensors index (no weight_map)")
  }
}

/**
 * The parameters named in `shapes`, from a `.safetensors` file or from the shards that a `.safetensors.index.json`
 * names. Other tensors in the files are not read.
 *
 * **Fails**: rejects with `CheckpointUnreadable` naming file, tensor and reason.
 */
export const readSafetensors = async (path: string, shapes: Shapes): Promise<Weights> => {
  const files = path.endsWith(".index.json") ? await shardsOf(path, shapes) : new Map([[path, shapes]])
  for (const [file, wanted] of files) await check(file, wanted)
  const weights = allocateWeights(shapes)
  for (const [file, wanted] of files) await readInto(file, wanted, weights)
  return weights
}

/** The files that an index names, each with the tensors it should hold. */
const shardsOf = async (path: string, shapes: Shapes): Promise<ReadonlyMap<string, Shapes>> => {
  const places = await readIndex(path)
  const shards = new Map<string, Map<string, ReadonlyArray<number>>>()
  for (const [name, shape] of shapes) {
    const shard = places.get(name)
    if (shard === undefined) throw new CheckpointUnreadable({ file: path, tensor: name, reason: "no shard holds it" })
    const file = join(dirname(path), shard)
    if (!shards.has(file)) shards.set(file, new Map())
    shards.get(file)!.set(name, shape)
  }
  return shards
}

const narrowed = (name: string, values: Float32Array, path: string, dtype: "f16" | "bf16"): Uint8Array => {
  if (dtype === "bf16") return new Uint8Array(narrowBf16(values).buffer)
  const halves = new Float16Array(values.length)
  for (let i = 0; i < values.length; i++) {
    halves[i] = values[i]!
    if (!Number.isFinite(halves[i]!) && Number.isFinite(values[i]!)) {
      throw new RangeError(`${path}: ${name} holds ${values[i]}, beyond f16 (65504); save it as f32 or bf16`)
    }
  }
  return new Uint8Array(halves.buffer)
}

/**
 * Writes `weights` in the order of `shapes` as one safetensors file; equal weights give equal bytes. The file appears
 * whole or not at all.
 *
 * **Fails**: rejects with `RangeError` when a finite value does not fit f16.
 */
export const writeSafetensors = async (
  path: string,
  weights: Weights,
  shapes: Shapes,
  dtype: FloatFormat
): Promise<void> => {
  const width = dtype === "f32" ? 4 : 2
  const header: { [name: string]: unknown } = { __metadata__: { format: "pt" } }
  let offset = 0
  for (const [name, shape] of shapes) {
    const elements = count(shape)
    if (weights.get(name)?.length !== elements) {
      throw new RangeError(`${path}: ${name} needs ${elements} values, got ${weights.get(name)?.length ?? "none"}`)
    }
    header[name] = { dtype: dtype.toUpperCase(), shape, data_offsets: [offset, offset += elements * width] }
  }
  const json = JSON.stringify(header)
  // tensors start at a multiple of 8 bytes, so that readers can map them
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8))
  const prefix = new Uint8Array(8)
  new DataView(prefix.buffer).setBigUint64(0, BigInt(text.length), true)
  const temporary = `${path}.${process.pid}${partialEnding}`
  const handle = await open(temporary, "w")
  try {
    await handle.writeFile(prefix)
    await handle.writeFile(text)
    for (const name of shapes.keys()) {
      const values = weights.get(name)!
      const bytes = dtype === "f32"
        ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
        : narrowed(name, values, path, dtype)
      await handle.writeFile(bytes)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, path)
}
