/**
 * Texts and bytes between column buffers and DuckDB's vectors, many at once: a native call a value would cost more than
 * everything else. Both ways lean on the layout of `duckdb_string_t`, which DuckDB's C interface states: 16 bytes, a size
 * of 32 bits, then up to 12 bytes of content, or 4 bytes of content and a pointer.
 */
import type { Vector } from "@duckdb/node-bindings"
import { type ColumnData, isValid } from "../ColumnData.ts"

export type Bindings = typeof import("@duckdb/node-bindings")

const entryBytes = 16

/** Content up to this size lies in the entry itself. */
const inlineBytes = 12

/** The smallest page of memory there is. */
const pageBytes = 4096

/** Entries are read and written as words: DuckDB runs on little-endian machines only. */
const words = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2)

const putEntry = (entries: Uint8Array, entry: number, source: Uint8Array, start: number, size: number): void => {
  const at = entry * entryBytes
  entries[at] = size
  entries[at + 1] = size >>> 8
  entries[at + 2] = size >>> 16
  entries[at + 3] = size >>> 24
  // All of a short content, or the beginning that DuckDB compares first.
  const shown = size <= inlineBytes ? size : 4
  for (let i = 0; i < shown; i++) entries[at + 4 + i] = source[start + i]!
}

/**
 * Copies `count` texts from row `first` into a vector. The vector gets the bytes of all of them as one long value in its
 * first row, which it keeps as long as it lives; then every row, the first one too, is pointed at its part.
 */
export const copyText = (
  bindings: Bindings,
  vector: Vector,
  data: ColumnData,
  first: number,
  count: number
): void => {
  const offsets = data.offsets!
  const bytes = data.bytes!
  const from = offsets[first]!
  const size = offsets[first + count]! - from
  let pointer = 0n
  if (size > inlineBytes) {
    bindings.vector_assign_string_element_len(vector, 0, bytes.subarray(from, from + size))
    const entry = bindings.vector_get_data(vector, entryBytes)
    pointer = new DataView(entry.buffer, entry.byteOffset, entryBytes).getBigUint64(8, true)
  }
  const base = Number(pointer)
  const entries = new Uint8Array(count * entryBytes)
  const entryWords = words(entries)
  for (let i = 0; i < count; i++) {
    if (!isValid(data, first + i)) continue
    const start = offsets[first + i]!
    const length = offsets[first + i + 1]! - start
    putEntry(entries, i, bytes, start, length)
    if (length <= inlineBytes) continue
    const at = base + (start - from)
    entryWords[i * 4 + 2] = at % 2 ** 32
    entryWords[i * 4 + 3] = at / 2 ** 32
  }
  bindings.copy_data_to_vector(vector, 0, entries.buffer, 0, entries.byteLength)
}

/** Where one of DuckDB's texts lies, and where it goes. */
interface Piece {
  readonly pointer: number
  readonly size: number
  readonly entry: number
  readonly to: number
}

/** Reads pieces that lie close together with one call. */
const readPieces = (bindings: Bindings, entries: Uint8Array, pieces: ReadonlyArray<Piece>, into: Uint8Array): void => {
  for (let i = 0, next = 0; i < pieces.length; i = next) {
    const { entry, pointer } = pieces[i]!
    let end = pointer
    for (next = i; next < pieces.length; next++) {
      const gap = pieces[next]!.pointer - end
      // Across less than a page, every page on the way holds a byte of one of the two: it can be read.
      if (gap < 0 || gap >= pageBytes) break
      end += gap + pieces[next]!.size
    }
    const span = bindings.get_data_from_pointer(
      entries.buffer as ArrayBuffer,
      entries.byteOffset + entry * entryBytes + 8,
      end - pointer
    )
    for (let k = i; k < next; k++) {
      const { pointer: at, size, to } = pieces[k]!
      into.set(span.subarray(at - pointer, at - pointer + size), to)
    }
  }
}

/** The texts of a vector's first `rows` rows, as bytes with offsets. Null ones have no bytes. */
export const readText = (
  bindings: Bindings,
  vector: Vector,
  validity: Uint8Array | undefined,
  rows: number
): Pick<ColumnData, "offsets" | "bytes"> & { readonly offsets: Int32Array; readonly bytes: Uint8Array } => {
  const entries = bindings.vector_get_data(vector, rows * entryBytes)
  const entryWords = words(entries)
  const offsets = new Int32Array(rows + 1)
  const pieces: Array<Piece> = []
  let size = 0
  for (let i = 0; i < rows; i++) {
    const valid = validity === undefined || (validity[i >> 3]! >> (i & 7) & 1) === 1
    const length = valid ? entryWords[i * 4]! : 0
    if (length > inlineBytes) {
      const pointer = entryWords[i * 4 + 2]! + entryWords[i * 4 + 3]! * 2 ** 32
      pieces.push({ pointer, size: length, entry: i, to: size })
    }
    size += length
    // Vectors are short: only texts of a megabyte each come here.
    if (size >= 2 ** 31) throw new RangeError("more than 2 GiB of text in 2,048 rows of a result")
    offsets[i + 1] = size
  }
  const bytes = new Uint8Array(size)
  readPieces(bindings, entries, pieces, bytes)
  for (let i = 0; i < rows; i++) {
    const length = offsets[i + 1]! - offsets[i]!
    if (length > inlineBytes) continue
    for (let k = 0; k < length; k++) bytes[offsets[i]! + k] = entries[i * entryBytes + 4 + k]!
  }
  return { offsets, bytes }
}
