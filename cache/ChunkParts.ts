/**
 * Where the buffers of a chunk's columns lie in its blob, noted when the whole blob was read and checked: whoever wants
 * some columns of it again reads the bytes of these and no others. What a chunk is made of is `TableBlob.ts`'s.
 */
import { ColumnBuilder, takeRows } from "./ColumnBuilder.ts"
import { type ColumnData, isValid } from "./ColumnData.ts"
import type { ColumnType } from "./Columns.ts"
import { numbersOver } from "./numberValues.ts"

/** Some bytes of a blob. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

type BufferName = "validity" | "offsets" | "values" | "bytes"

const bufferNames: ReadonlyArray<BufferName> = ["validity", "offsets", "values", "bytes"]

/** Reads bytes of a blob into memory that begins at a multiple of eight. */
export type RangeReader = (range: ByteRange) => Uint8Array

/** A column without its bytes. */
export interface ColumnParts {
  readonly type: ColumnType
  readonly length: number
  readonly ranges: { readonly [name in BufferName]: ByteRange | undefined }
  readonly children: ReadonlyArray<ColumnParts>
}

/** Where the buffers of `data` lie in `blob`; undefined when one of them is a copy. */
export const partsOf = (data: ColumnData, blob: Uint8Array): ColumnParts | undefined => {
  const ranges: { [name in BufferName]: ByteRange | undefined } = {
    validity: undefined,
    offsets: undefined,
    values: undefined,
    bytes: undefined
  }
  for (const name of bufferNames) {
    const buffer = data[name]
    if (buffer === undefined) continue
    const offset = buffer.byteOffset - blob.byteOffset
    const isView = buffer.buffer === blob.buffer && offset >= 0 && offset + buffer.byteLength <= blob.length
    if (!isView && buffer.byteLength > 0) return undefined
    ranges[name] = { offset, length: buffer.byteLength }
  }
  const children = data.children.flatMap((child) => partsOf(child, blob) ?? [])
  return children.length < data.children.length ? undefined : { type: data.type, length: data.length, ranges, children }
}

/** The column again, its bytes from `read`. */
export const columnOf = ({ children, length, ranges, type }: ColumnParts, read: RangeReader): ColumnData => {
  const bufferOf = (range: ByteRange | undefined): Uint8Array | undefined =>
    range === undefined ? undefined : read(range)
  const offsets = bufferOf(ranges.offsets)
  const values = bufferOf(ranges.values)
  return {
    type,
    length,
    validity: bufferOf(ranges.validity),
    offsets: offsets && new Int32Array(offsets.buffer, offsets.byteOffset, offsets.byteLength / 4),
    values: values && numbersOver(type, values),
    bytes: bufferOf(ranges.bytes),
    children: children.map((child) => columnOf(child, read))
  }
}

/** Some rows of the column, in the order of `rows`; of long texts only theirs are read. */
export const rowsOf = (parts: ColumnParts, rows: ReadonlyArray<number>, read: RangeReader): ColumnData => {
  const { ranges, type } = parts
  if (ranges.bytes === undefined) return takeRows(columnOf(parts, read), rows)
  const { offset } = ranges.bytes
  const places = columnOf({ ...parts, ranges: { ...ranges, bytes: undefined } }, read)
  const builder = new ColumnBuilder(type)
  for (const row of rows) {
    if (!isValid(places, row)) {
      builder.pushCell(null)
      continue
    }
    const [start, end] = [places.offsets![row]!, places.offsets![row + 1]!]
    const bytes = read({ offset: offset + start, length: end - start })
    builder.pushFrom({ ...places, length: 1, validity: undefined, offsets: Int32Array.of(0, bytes.length), bytes }, 0)
  }
  return builder.take()
}
