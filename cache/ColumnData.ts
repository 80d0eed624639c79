/**
 * A column, or a chunk of one, as the buffers that Arrow lays out: validity bits, offsets, values, children. Cells
 * become buffers here and buffers become cells; files (`TableBlob.ts`), digests (`columnDigest.ts`) and DuckDB
 * (`duck/`) take the buffers as they are.
 */
import type { Cell, ColumnType } from "./Columns.ts"

/** Buffers of `length` values. `validity` is least-significant-bit first and absent when nothing is null. */
export interface ColumnData {
  readonly type: ColumnType
  readonly length: number
  readonly validity: Uint8Array | undefined
  /** `length + 1` offsets into `bytes` or into the child: string, binary, list. */
  readonly offsets: Int32Array | undefined
  /** Fixed-width values, one a row, or the bits of a bool. */
  readonly values: Int32Array | BigInt64Array | Float64Array | Uint8Array | undefined
  /** The text or bytes of string and binary. */
  readonly bytes: Uint8Array | undefined
  /** The item of a list, the fields of a struct. */
  readonly children: ReadonlyArray<ColumnData>
}

/**
 * A cell that its column's type cannot hold. Thrown by {@link encodeColumn}; `row` counts within the cells it was
 * given.
 */
export class CellRefused extends Error {
  override readonly name = "CellRefused"
  readonly row: number
  readonly found: string
  constructor(type: ColumnType, row: number, cell: Cell | undefined) {
    const shown = cell === undefined
      ? "nothing"
      : cell === null
      ? "null"
      : `${typeof cell} ${String(cell).slice(0, 60)}`
    const found = `${shown} is not a ${type.kind}${type.nullable ? " or null" : ""}`
    super(`row ${row}: ${found}`)
    this.row = row
    this.found = found
  }
}

/** True when row `i` is not null. */
export const isValid = (data: ColumnData, i: number): boolean =>
  data.validity === undefined || (data.validity[i >> 3]! >> (i & 7) & 1) === 1

const validityOf = (type: ColumnType, cells: ReadonlyArray<Cell>): Uint8Array | undefined => {
  let bits: Uint8Array | undefined
  for (let i = 0; i < cells.length; i++) {
    if (cells[i] !== null) continue
    if (!type.nullable) throw new CellRefused(type, i, null)
    bits ??= new Uint8Array((cells.length + 7) >> 3).fill(255)
    bits[i >> 3]! &= ~(1 << (i & 7))
  }
  return bits
}

const textBuffers = (type: ColumnType, cells: ReadonlyArray<Cell>) => {
  const offsets = new Int32Array(cells.length + 1)
  let size = 0
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]
    // Three bytes a UTF-16 unit is the worst case; the slack is cut off below.
    if (typeof cell === "string") size += cell.length * 3
    else if (cell !== null) throw new CellRefused(type, i, cell)
  }
  const scratch = Buffer.allocUnsafe(size)
  let at = 0
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]
    if (typeof cell === "string") at += scratch.write(cell, at)
    offsets[i + 1] = at
  }
  return { offsets, bytes: new Uint8Array(scratch.subarray(0, at)) }
}

const binaryBuffers = (type: ColumnType, cells: ReadonlyArray<Cell>) => {
  const offsets = new Int32Array(cells.length + 1)
  cells.forEach((cell, i) => {
    if (cell !== null && !(cell instanceof Uint8Array)) throw new CellRefused(type, i, cell)
    offsets[i + 1] = offsets[i]! + (cell?.length ?? 0)
  })
  const bytes = new Uint8Array(offsets[cells.length]!)
  cells.forEach((cell, i) => {
    if (cell !== null) bytes.set(cell as Uint8Array, offsets[i]!)
  })
  return { offsets, bytes }
}

const boolBits = (type: ColumnType, cells: ReadonlyArray<Cell>): Uint8Array => {
  const bits = new Uint8Array((cells.length + 7) >> 3)
  cells.forEach((cell, i) => {
    if (cell === true) bits[i >> 3]! |= 1 << (i & 7)
    else if (cell !== false && cell !== null) throw new CellRefused(type, i, cell)
  })
  return bits
}

/** The stored number of a cell; undefined when it is not one of the kind. */
const storedNumber = {
  int32: (cell: Cell) => typeof cell === "number" && (cell | 0) === cell ? cell | 0 : undefined,
  int64: (cell: Cell) => typeof cell === "number" && Number.isSafeInteger(cell) ? BigInt(cell) : undefined,
  bigint: (cell: Cell) => typeof cell === "bigint" && BigInt.asIntN(64, cell) === cell ? cell : undefined,
  float64: (cell: Cell) => {
    if (typeof cell !== "number") return undefined
    // -0 and the many NaNs are one value each, or equal tables could differ in their digests.
    return cell === 0 ? 0 : Number.isNaN(cell) ? Number.NaN : cell
  }
}

const emptyNumbers = {
  int32: (n: number) => new Int32Array(n),
  int64: (n: number) => new BigInt64Array(n),
  bigint: (n: number) => new BigInt64Array(n),
  float64: (n: number) => new Float64Array(n)
}

type NumberKind = keyof typeof storedNumber

const numberValues = (type: ColumnType & { readonly kind: NumberKind }, cells: ReadonlyArray<Cell>) => {
  const values = emptyNumbers[type.kind](cells.length)
  const stored = storedNumber[type.kind]
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]!
    if (cell === null) continue
    const value = stored(cell)
    if (value === undefined) throw new CellRefused(type, i, cell)
    values[i] = value
  }
  return values
}

const listBuffers = (type: ColumnType & { readonly kind: "list" }, cells: ReadonlyArray<Cell>) => {
  const offsets = new Int32Array(cells.length + 1)
  const items: Array<Cell> = []
  cells.forEach((cell, i) => {
    if (cell !== null && !Array.isArray(cell)) throw new CellRefused(type, i, cell)
    for (const item of (cell ?? []) as ReadonlyArray<Cell>) items.push(item)
    offsets[i + 1] = items.length
  })
  try {
    return { offsets, children: [encodeColumn(type.item, items)] }
  } catch (error) {
    if (!(error instanceof CellRefused)) throw error
    // The row of the list, not the place among all items.
    throw new CellRefused(type.item, offsets.findIndex((end) => end > error.row) - 1, items[error.row])
  }
}

const structChildren = (type: ColumnType & { readonly kind: "struct" }, cells: ReadonlyArray<Cell>) =>
  type.fields.map((field) => {
    const fieldCells = cells.map((cell, i): Cell => {
      if (cell === null) return filler(field.type)
      if (typeof cell !== "object" || Array.isArray(cell) || cell instanceof Uint8Array) {
        throw new CellRefused(type, i, cell)
      }
      const value = (cell as Readonly<Record<string, Cell>>)[field.name]
      if (value === undefined) throw new CellRefused(field.type, i, undefined)
      return value
    })
    return encodeColumn(field.type, fieldCells)
  })

/** What stands, unseen, in a field below a null struct: the field itself may not be nullable. */
const filler = (type: ColumnType): Cell => {
  if (type.nullable) return null
  switch (type.kind) {
    case "string":
      return ""
    case "bool":
      return false
    case "bigint":
      return 0n
    case "binary":
      return new Uint8Array(0)
    case "list":
      return []
    case "struct":
      return Object.fromEntries(type.fields.map((field) => [field.name, filler(field.type)]))
    default:
      return 0
  }
}

/**
 * The buffers of `cells`. Lone surrogates become U+FFFD, -0 becomes 0: digests are taken of what is stored.
 *
 * **Fails**: throws {@link CellRefused} on a cell of another type, null where the type is not nullable, or an integer
 * out of range.
 */
export const encodeColumn = (type: ColumnType, cells: ReadonlyArray<Cell>): ColumnData => {
  const common = { type, length: cells.length, validity: validityOf(type, cells) }
  const none = { offsets: undefined, values: undefined, bytes: undefined, children: [] }
  switch (type.kind) {
    case "string":
      return { ...common, ...none, ...textBuffers(type, cells) }
    case "binary":
      return { ...common, ...none, ...binaryBuffers(type, cells) }
    case "list":
      return { ...common, ...none, ...listBuffers(type, cells) }
    case "struct":
      return { ...common, ...none, children: structChildren(type, cells) }
    case "bool":
      return { ...common, ...none, values: boolBits(type, cells) }
    default:
      return { ...common, ...none, values: numberValues(type as ColumnType & { readonly kind: NumberKind }, cells) }
  }
}

const valueReader = (data: ColumnData): (i: number) => Cell => {
  const { bytes, children, offsets, type, values } = data
  switch (type.kind) {
    case "string": {
      const text = Buffer.from(bytes!.buffer, bytes!.byteOffset, bytes!.byteLength)
      return (i) => text.toString("utf8", offsets![i]!, offsets![i + 1]!)
    }
    case "binary":
      return (i) => bytes!.slice(offsets![i]!, offsets![i + 1]!)
    case "bool":
      return (i) => ((values as Uint8Array)[i >> 3]! >> (i & 7) & 1) === 1
    case "int64":
      return (i) => Number((values as BigInt64Array)[i]!)
    case "list": {
      const item = cellReader(children[0]!)
      return (i) => {
        const cells: Array<Cell> = []
        for (let k = offsets![i]!; k < offsets![i + 1]!; k++) cells.push(item(k))
        return cells
      }
    }
    case "struct": {
      const readers = type.fields.map((field, k) => [field.name, cellReader(children[k]!)] as const)
      return (i) => Object.fromEntries(readers.map(([name, read]) => [name, read(i)]))
    }
    default:
      return (i) => (values as Int32Array | BigInt64Array | Float64Array)[i]!
  }
}

/** A function from row to cell. Shape: rows `0 .. data.length - 1`. */
export const cellReader = (data: ColumnData): (i: number) => Cell => {
  const read = valueReader(data)
  return data.validity === undefined ? read : (i) => isValid(data, i) ? read(i) : null
}

/** All cells of `data`, appended to `into`. */
export const decodeColumn = (data: ColumnData, into: Array<Cell> = []): Array<Cell> => {
  const read = cellReader(data)
  for (let i = 0; i < data.length; i++) into.push(read(i))
  return into
}
