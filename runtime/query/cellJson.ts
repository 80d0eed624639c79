/**
 * A cell as JSON for other programs: nothing is cut, integers have all their digits, bytes are base64. What would act on
 * a terminal or hides there is escaped, which JSON readers take back.
 */
import type { Cell } from "../../cache/Columns.ts"

/** TypeScript's library does not know it yet. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown }

const replacer = (_: string, value: unknown): unknown => {
  if (typeof value === "bigint") return rawJSON(String(value))
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value
}

const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

const escaped = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`
  ).join("")

/** The text on one line. Numbers that JSON does not have, such as NaN, are null. */
export const cellJson = (cell: Cell | { readonly [column: string]: Cell }): string =>
  JSON.stringify(cell, replacer).replace(hidden, escaped)
