/**
 * The Markdown that reports are written in as HTML: headings, paragraphs, lists, tables, emphasis and code, nothing else.
 * Every text is escaped, so that no prompt or answer can become markup.
 */

/** Text with the characters that mean something in HTML spelt out. */
export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")

const inlinePart = /\\([\\`*~<>[\]&|_])|(`+)(.+?)\2(?!`)|\*\*(.+?)\*\*|\*(.+?)\*/gu

/** Emphasis and code within a line. */
const inline = (text: string): string => {
  let html = ""
  let at = 0
  for (const found of text.matchAll(inlinePart)) {
    html += escapeHtml(text.slice(at, found.index))
    const [whole, escaped, , code, strong, emphasis] = found
    html += escaped !== undefined
      ? escapeHtml(escaped)
      : code !== undefined
      ? `<code>${escapeHtml(code.trim())}</code>`
      : strong !== undefined
      ? `<strong>${inline(strong)}</strong>`
      : `<em>${inline(emphasis!)}</em>`
    at = found.index + whole.length
  }
  return html + escapeHtml(text.slice(at))
}

/** Cells of a table's line; a bar behind a backslash ends none. */
const cellsOf = (line: string): ReadonlyArray<string> =>
  line.replace(/^\|\s?/, "").replace(/\s?\|\s*$/, "").split(/(?<!\\)\|/).map((cell) =>
    cell.trim().replaceAll("\\|", "|")
  )

const table = (lines: ReadonlyArray<string>): string => {
  const [header, rule, ...body] = lines.map(cellsOf)
  const align = (i: number) => rule![i]?.endsWith(":") === true ? " class=\"right\"" : ""
  const row = (cells: ReadonlyArray<string>, tag: "th" | "td") =>
    `<tr>${cells.map((cell, i) => `<${tag}${align(i)}>${inline(cell)}</${tag}>`).join("")}</tr>`
  return `<div class="table"><table><thead>${row(header!, "th")}</thead><tbody>${
    body.map((cells) => row(cells, "td")).join("")
  }</tbody></table></div>`
}

const block = (text: string): string => {
  const lines = text.split("\n")
  const heading = /^(#{1,4}) (.*)$/u.exec(text)
  if (heading !== null && lines.length === 1) {
    const level = heading[1]!.length
    return `<h${level}>${inline(heading[2]!)}</h${level}>`
  }
  if (lines.length > 1 && lines.every((line) => line.startsWith("|"))) return table(lines)
  if (lines.every((line) => line.startsWith("- "))) {
    return `<ul>${lines.map((line) => `<li>${inline(line.slice(2))}</li>`).join("")}</ul>`
  }
  return `<p>${inline(lines.join(" "))}</p>`
}

/** The Markdown of a report as HTML, block by block. */
export const markdownHtml = (markdown: string): string => markdown.trim().split(/\n{2,}/).map(block).join("\n")
