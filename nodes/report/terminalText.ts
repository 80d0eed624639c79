/**
 * What a text measures on a terminal, how to cut it to a width, and how to make it harmless: model output may hold
 * escape sequences. Widths are right for East Asian text and emoji; ambiguous characters count one.
 */
import { stripVTControlCharacters } from "node:util"

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" })

const wideScripts = ["Han", "Hangul", "Hiragana", "Katakana", "Bopomofo", "Yi"].map((script) => `\\p{Script=${script}}`)

/** Characters that terminals draw over two columns; halfwidth forms of katakana and hangul (U+FF61-FFDC) take one. */
const wide = new RegExp(
  `(?![\\uff61-\\uffdc])[${
    wideScripts.join("")
  }\\p{Emoji_Presentation}\\u3000-\\u303e\\uff01-\\uff60\\uffe0-\\uffe6]|\\ufe0f`,
  "u"
)

const narrow = /^[\u0020-\u007e]*$/u

const invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u

const graphemeWidth = (grapheme: string): number => wide.test(grapheme) ? 2 : invisible.test(grapheme) ? 0 : 1

/** Columns that `text`, made `visible`, takes on a terminal. */
export const displayWidth = (text: string): number => {
  if (narrow.test(text)) return text.length
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment)
  return width
}

/** At most `width` columns of `text`; what was cut shows as `…`. Nothing fits no column. */
export const clip = (text: string, width: number): string => {
  if (width <= 0) return ""
  if (narrow.test(text)) return text.length <= width ? text : `${text.slice(0, width - 1)}…`
  let used = 0
  let kept = 0 // code units that fit beside the ellipsis
  for (const { index, segment } of segmenter.segment(text)) {
    const next = used + graphemeWidth(segment)
    if (next > width) return `${text.slice(0, kept)}…`
    if (next <= width - 1) kept = index + segment.length
    used = next
  }
  return text
}

/** One line without control characters: white space becomes a space, escape sequences and directional marks go. */
export const visible = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\s\u0085]+/gu, " ")
    .replace(/[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "")
