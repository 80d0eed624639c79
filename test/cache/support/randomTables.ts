/**
 * Random column types and cells from a seed, with what is easily got wrong: nulls, empty values, texts of every width,
 * lone surrogates, both zeros, numbers at the edges. And the form of a cell in row logs and digests, written down a
 * second time without any of the buffers that the cache uses.
 */
import type { Cell, ColumnType, FlatKind, TableSchema } from "../../../cache/Columns.ts"

export interface Random {
  /** A whole number from 0 up to `below`. */
  readonly int: (below: number) => number
  readonly pick: <A>(from: ReadonlyArray<A>) => A
}

/** mulberry32. */
export const random = (seed: number): Random => {
  let state = seed >>> 0
  const next = () => {
    state = state + 0x6d2b79f5 >>> 0
    let t = Math.imul(state ^ state >>> 15, 1 | state)
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t
    return (t ^ t >>> 14) >>> 0
  }
  const int = (below: number) => next() % below
  return { int, pick: (from) => from[int(from.length)]! }
}

const kinds: ReadonlyArray<FlatKind> = ["string", "bool", "int32", "int64", "bigint", "float64", "binary"]

export const randomType = (from: Random, depth: number = 2): ColumnType => {
  const nullable = from.int(2) === 0
  const form = depth === 0 ? 0 : from.int(4)
  if (form === 1) return { kind: "list", nullable, item: randomType(from, depth - 1) }
  if (form === 2) {
    const fields = Array.from({ length: 1 + from.int(3) }, (_, k) => ({
      name: `f${k}`,
      type: randomType(from, depth - 1)
    }))
    return { kind: "struct", nullable, fields }
  }
  return { kind: from.pick(kinds), nullable }
}

export const randomSchema = (from: Random): TableSchema =>
  Array.from({ length: 1 + from.int(5) }, (_, k) => ({ name: `c${k}`, type: randomType(from) }))

const texts = [
  "",
  "a",
  "twelve bytes",
  "thirteen byte",
  "grüße 💥",
  "日本語",
  "\0",
  "lone \ud800 surrogate",
  "x".repeat(300)
]
const floats = [0, -0, 1.5, -1e-320, 1.7976931348623157e308, Number.NaN, Number.NEGATIVE_INFINITY]

export const randomCell = (from: Random, type: ColumnType): Cell => {
  if (type.nullable && from.int(4) === 0) return null
  switch (type.kind) {
    case "string":
      return from.pick(texts) + (from.int(2) === 0 ? String(from.int(1e6)) : "")
    case "bool":
      return from.int(2) === 0
    case "int32":
      return from.pick([0, -0, 1, -1, -(2 ** 31), 2 ** 31 - 1, from.int(1e6)])
    case "int64":
      return from.pick([
        0,
        -0,
        -1,
        2 ** 32,
        -(2 ** 32),
        Number.MAX_SAFE_INTEGER,
        Number.MIN_SAFE_INTEGER,
        from.int(1e6)
      ])
    case "bigint":
      return from.pick([0n, -1n, -(2n ** 63n), 2n ** 63n - 1n, BigInt(from.int(1e6))])
    case "float64":
      return from.pick([...floats, from.int(1e6) / 7])
    case "binary":
      return Uint8Array.from({ length: from.int(5) }, () => from.int(256))
    case "list":
      return Array.from({ length: from.int(5) }, () => randomCell(from, type.item))
    case "struct":
      return Object.fromEntries(type.fields.map((field) => [field.name, randomCell(from, field.type)]))
  }
}

/** A cell as it comes back: one zero, and no half of a pair. */
export const normal = (cell: Cell): Cell => {
  if (cell === 0) return 0
  if (typeof cell === "string") return cell.toWellFormed()
  if (Array.isArray(cell)) return cell.map(normal)
  if (typeof cell !== "object" || cell === null || cell instanceof Uint8Array) return cell
  return Object.fromEntries(Object.entries(cell).map(([name, field]) => [name, normal(field)]))
}

const size = (n: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(n)
  return bytes
}

const number = (write: (bytes: Buffer) => void, width: number = 8): Buffer => {
  const bytes = Buffer.alloc(width)
  write(bytes)
  return bytes
}

const numbers = new Set(["int32", "int64", "bigint", "float64"])

const valueBytes = (type: ColumnType, cell: Exclude<Cell, null>): Buffer => {
  switch (type.kind) {
    case "string": {
      const text = Buffer.from(cell as string, "utf8")
      return Buffer.concat([size(text.length), text])
    }
    case "binary":
      return Buffer.concat([size((cell as Uint8Array).length), cell as Uint8Array])
    case "bool":
      return Buffer.from([cell === true ? 1 : 0])
    case "int32":
      return number((bytes) => bytes.writeInt32LE(cell as number), 4)
    case "int64":
    case "bigint":
      return number((bytes) => bytes.writeBigInt64LE(BigInt(cell as number)))
    case "float64":
      return number((bytes) => bytes.writeDoubleLE(Number.isNaN(cell) ? Number.NaN : cell as number))
    case "list": {
      const items = cell as ReadonlyArray<Cell>
      const whole = !items.includes(null)
      const mark = numbers.has(type.item.kind) ? [Buffer.from([whole ? 1 : 0])] : []
      const bytes = items.map((item) =>
        mark.length > 0 && whole ? valueBytes(type.item, item!) : cellBytes(type.item, item)
      )
      return Buffer.concat([size(items.length), ...mark, ...bytes])
    }
    case "struct":
      return Buffer.concat(
        type.fields.map((field) => cellBytes(field.type, (cell as Readonly<Record<string, Cell>>)[field.name]!))
      )
  }
}

/** What stands for a cell in row logs and digests. */
export const cellBytes = (type: ColumnType, cell: Cell): Buffer =>
  cell === null ? Buffer.from([0]) : Buffer.concat([Buffer.from([1]), valueBytes(type, normal(cell)!)])
