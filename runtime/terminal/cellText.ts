/**
 * A cell of a result as text: on one line for a table, over many for a row in full. Nothing is made harmless here;
 * `table.ts` and `wrap` do that to every text they show.
 */
import type { Cell } from "../../cache/Columns.ts"

/** Bytes shown of a binary cell in a table. */
const bytesShown = 8

const bytesText = (bytes: Uint8Array, most: number): string => {
  const hex = Buffer.from(bytes.subarray(0, most)).toString("hex")
  return `0x${hex}${bytes.length > most ? "…" : ""} (${bytes.length} bytes)`
}

/** What `JSON.stringify` writes instead of what it cannot; at most `most` bytes of a binary value. */
const replacer = (most: number) => (_: string, value: unknown): unknown => {
  if (typeof value === "bigint") return String(value)
  return value instanceof Uint8Array ? bytesText(value, most) : value
}

/** Six digits are enough to compare rows; the row in full has them all. */
const numberText = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))

/** A cell for a table: one line, numbers to six digits. */
export const shortCell = (cell: Cell): string => {
  if (typeof cell === "string") return cell
  if (typeof cell === "number") return numberText(cell)
  if (cell instanceof Uint8Array) return bytesText(cell, bytesShown)
  return typeof cell === "object" && cell !== null ? JSON.stringify(cell, replacer(bytesShown)) : String(cell)
}

/** A cell in full, over several lines where it is a text with line feeds, a list or an object. */
export const fullCell = (cell: Cell): string => {
  if (typeof cell === "string") return cell
  if (cell instanceof Uint8Array) return bytesText(cell, cell.length)
  return typeof cell === "object" && cell !== null ? JSON.stringify(cell, replacer(Infinity), 2) : String(cell)
}

/** Whether a column holds nothing but numbers and nulls, which stand on the right. */
export const isNumeric = (cells: ReadonlyArray<Cell>): boolean =>
  cells.every((cell) => cell === null || typeof cell === "number" || typeof cell === "bigint")

/** Characters of a text as Python and SQL count them: a pair of surrogates is one. */
export const characterCount = (text: string): number =>
  text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0)
