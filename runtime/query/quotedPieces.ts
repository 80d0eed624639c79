/**
 * The parts of a statement in which its signs mean nothing: quoted texts and names, and comments. Good enough to find
 * what stands outside of them; what the statement means is DuckDB's to say.
 */

/** Not after a letter: `name'` and `name$$` begin nothing. */
const alone = String.raw`(?<![\w$\u{80}-\u{10ffff}])`
const tag = String.raw`\$(?:[A-Za-z_\u{80}-\u{10ffff}][\w\u{80}-\u{10ffff}]*)?\$`

/**
 * A pattern for the flags `giu` that finds such parts, also those that never end. Its first group is its own. Comments
 * within comments, which DuckDB has, are not looked into.
 */
export const quotedPieces = [
  String.raw`${alone}e'(?:\\[\s\S]|''|[^\\'])*(?:'|$)`, // the only text in which a backslash counts
  String.raw`'(?:''|[^'])*(?:'|$)`,
  String.raw`"(?:""|[^"])*(?:"|$)`,
  String.raw`${alone}(${tag})[\s\S]*?(?:\1|$)`,
  String.raw`--[^\n\r]*`,
  String.raw`\/\*[\s\S]*?(?:\*\/|$)`
].join("|")

const piecesAndEnds = new RegExp(`${quotedPieces}|;`, "giu")

/** Where the first statement of a text ends: the place of its semicolon, -1 without one. */
export const statementEnd = (text: string): number => {
  for (const { 0: piece, index } of text.matchAll(piecesAndEnds)) if (piece === ";") return index
  return -1
}
