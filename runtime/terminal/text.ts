/**
 * What a text measures on a terminal, how it is cut or wrapped to a width, and how it is made harmless: model output
 * may hold escape sequences, bidirectional overrides and text hidden in invisible characters. Where terminals
 * disagree about a width (emoji joined into one, ambiguous presentation) the larger one counts, so that no line is
 * ever too long.
 */

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" })

/** Nothing but characters of one code unit and one column that join with no other: most text, measured by its length. */
const narrow =
  /^[ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u2500-\u257f\u2713\u2717\u2800-\u28ff]*$/

/** East Asian Wide and Fullwidth (Unicode 16, UAX 11), neighbouring blocks joined; regional indicators are no part of it. */
const wide =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\u4dff\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]/u

const regionalIndicator = /\p{Regional_Indicator}/u

/** Drawn over the character before, or not at all: marks, joiners, selectors, medial and final Hangul letters. */
const weightless = /[\p{Mn}\p{Me}\u1160-\u11ff\u200b-\u200f\u2060-\u2064\ufeff]/u

const emojiSelector = "\ufe0f"

const characterWidth = (character: string): number => {
  if (weightless.test(character)) return 0
  return wide.test(character) && !regionalIndicator.test(character) ? 2 : 1
}

const graphemeWidth = (grapheme: string): number => {
  if (narrow.test(grapheme)) return grapheme.length
  let width = 0
  for (const character of grapheme) width += characterWidth(character)
  return width === 1 && grapheme.includes(emojiSelector) ? 2 : width
}

/** Columns that `text`, a single line without control characters, takes on a terminal. */
export const displayWidth = (text: string): number => {
  if (narrow.test(text)) return text.length
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment)
  return width
}

/** Code units of a text that are looked at to fill `width` columns; a megabyte in a cell costs nothing. */
const lookedAt = (width: number): number => 16 * width + 64

/** At most `width` columns of `text`; what is cut ends in `…`. Nothing fits into no column. */
export const cut = (text: string, width: number): string => {
  if (width <= 0) return ""
  const head = text.length > lookedAt(width) ? text.slice(0, lookedAt(width)) : text
  if (narrow.test(head)) return text.length <= width ? text : `${head.slice(0, width - 1)}…`
  let used = 0
  let kept = 0 // code units that fit beside the ellipsis
  for (const { index, segment } of segmenter.segment(head)) {
    used += graphemeWidth(segment)
    if (used > width) return `${head.slice(0, kept)}…`
    if (used < width) kept = index + segment.length
  }
  return head.length === text.length ? text : `${head.slice(0, kept)}…`
}

/**
 * {@link cut} that keeps both ends, `veri…on=0.25]`, and more of the last one, where the names of siblings differ. A text
 * far too long to be a name is cut at its end.
 */
export const cutMiddle = (text: string, width: number): string => {
  if (text.length > lookedAt(width) || width < 3 || displayWidth(text) <= width) return cut(text, width)
  let tail = ""
  let used = 0
  for (const { segment } of [...segmenter.segment(text)].reverse()) {
    used += graphemeWidth(segment)
    if (used > (2 * (width - 1)) / 3) break
    tail = segment + tail
  }
  return cut(text.slice(0, text.length - tail.length), width - displayWidth(tail)) + tail
}

/** `text` filled up with spaces to `width` columns, on its left side where it is aligned right. */
export const pad = (text: string, width: number, align: "left" | "right" = "left"): string => {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)))
  return align === "right" ? space + text : text + space
}

/** Everything that moves the cursor, turns the direction of text or hides; joiners and emoji selectors stay. */
const hidden =
  /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\ufe0e-\ufe0f\u00ad\u200c-\u200d]]/gv

const spelled = (character: string): string => {
  const code = character.codePointAt(0)!
  if (character === "\n") return "↵"
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  return code === 0x7f ? "␡" : `\\u{${code.toString(16)}}`
}

/** `text` as one line in which nothing acts and nothing hides: a line feed as `↵`, an escape as `␛`, others as `\u{202e}`. */
export const visible = (text: string): string => narrow.test(text) ? text : text.replace(hidden, spelled)

/** `text` made visible and cut to `width` columns: what a cell or a line of something untrusted shows. */
export const cutVisible = (text: string, width: number, at: "end" | "middle" = "end"): string => {
  if (at === "middle" && text.length <= lookedAt(width)) return cutMiddle(visible(text), width)
  // cut first: the rest of a long text need not be looked at
  return cut(visible(cut(text, width)), width)
}

/** A word of its own, broken between characters. */
const broken = (word: string, width: number): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  let start = 0
  let used = 0
  for (const { index, segment } of segmenter.segment(word)) {
    const more = graphemeWidth(segment)
    if (used + more > width && index > start) {
      pieces.push(word.slice(start, index))
      start = index
      used = 0
    }
    used += more
  }
  return [...pieces, word.slice(start)]
}

/** Continued lines are indented like the first, unless that would leave less than half of the width. */
const wrapLine = (line: string, width: number): ReadonlyArray<string> => {
  const indent = line.match(/^ */)![0]
  if (indent.length === 0 || indent.length > width / 2) return wrapWords(line, width)
  return wrapWords(line.slice(indent.length), width - indent.length).map((one) => (indent + one).trimEnd())
}

const wrapWords = (line: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let current = ""
  let used = 0
  for (const token of line.match(/ +|[^ ]+/g) ?? []) {
    const more = displayWidth(token)
    if (used + more <= width) {
      current += token
      used += more
      continue
    }
    if (current.trim() !== "") lines.push(current.trimEnd())
    const pieces = token.startsWith(" ") ? [""] : broken(token, width)
    lines.push(...pieces.slice(0, -1))
    current = pieces.at(-1)!
    used = displayWidth(current)
  }
  return [...lines, current.trimEnd()]
}

/**
 * `text` over as many lines as it takes: broken at its line feeds, else at spaces, else within a word. Made `visible`;
 * a tab becomes two spaces.
 *
 * **Unit**: columns. A character wider than the whole width stands on a line of its own.
 */
export const wrap = (text: string, width: number): ReadonlyArray<string> =>
  text.split("\n").flatMap((line) => wrapLine(visible(line.replaceAll("\t", "  ")), Math.max(1, width)))

/** Fields two spaces apart, as many on a line as fit; those on further lines are indented by two. */
export const flow = (fields: ReadonlyArray<string>, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const field of fields) {
    const longer = `${lines.at(-1)}  ${field}`
    if (lines.length > 0 && displayWidth(longer) <= width) lines[lines.length - 1] = longer
    else lines.push(...wrap(lines.length === 0 ? field : `  ${field}`, width))
  }
  return lines
}
