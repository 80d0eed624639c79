/**
 * A column, or a chunk of one, as the buffers that Arrow lays out: validity bits, offsets, values, children; and how
 * they become cells again. `ColumnBuilder.ts` makes them; files (`TableBlob.ts`), digests (`columnDigest.ts`) and DuckDB
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

/** True when row `i` is not null. */
export const isValid = (data: ColumnData, i: number): boolean =>
  data.validity === undefined || (data.validity[i >> 3]! >> (i & 7) & 1) === 1

/** True when no row from `start` up to `end` is null. */
export const allValid = (data: ColumnData, start: number, end: number): boolean => {
  if (data.validity === undefined) return true
  for (let row = start; row < end; row++) if (!isValid(data, row)) return false
  return true
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
    case "int64": {
      // Safe integers in two halves: no bigint is made on the way.
      const words = new Int32Array(values!.buffer, values!.byteOffset, values!.length * 2)
      return (i) => words[i * 2 + 1]! * 2 ** 32 + (words[i * 2]! >>> 0)
    }
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
      return (i) => {
        const cell: Record<string, Cell> = {}
        for (const [name, read] of readers) cell[name] = read(i)
        return cell
      }
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
