/**
 * Colour by meaning: the rest of the terminal names a tone, only this file knows escape sequences of colour. Whether
 * there is any is decided by Node's own `styleText`: the stream, NO_COLOR and FORCE_COLOR.
 */
import { styleText } from "node:util"
import { cut, displayWidth } from "./text.ts"

export type Tone = "good" | "bad" | "warning" | "dim" | "strong"

/** Wraps a text in escape sequences or leaves it alone; never changes what it says. */
export type Style = (tone: Tone, text: string) => string

/** No colour. */
export const uncoloured: Style = (_, text) => text

const formats = { good: "green", bad: "red", warning: "yellow", dim: "dim", strong: "bold" } as const

/** The style for a stream: coloured on a terminal, following NO_COLOR and FORCE_COLOR as they are now. */
export const styleFor = (stream: NodeJS.WritableStream): Style => {
  const coloured = styleText("red", "x", { stream }) !== "x"
  return coloured ? (tone, text) => styleText(formats[tone], text, { validateStream: false }) : uncoloured
}

/** A part of a line and its tone. */
export type Piece = readonly [text: string, tone?: Tone]

/** Pieces as one line of at most `width` columns, cut before it is coloured. */
export const paint = (pieces: ReadonlyArray<Piece>, width: number, style: Style): string => {
  let line = ""
  let left = width
  for (const [text, tone] of pieces) {
    const shown = cut(text, left)
    if (shown !== "") line += tone === undefined ? shown : style(tone, shown)
    left -= displayWidth(shown)
    if (shown !== text) break
  }
  return line
}
