/** Tables, lists and code in GitHub-flavoured Markdown, from any text: nothing in a cell can end it or become HTML. */
import { displayWidth, pad } from "../../runtime/terminal/text.ts"

export interface MarkdownColumn {
  readonly header: string
  /** `left` unless told. */
  readonly align?: "left" | "right"
}

/** A text as plain words of Markdown: markup and HTML in it show as they are, line breaks become spaces. */
export const markdownText = (text: string): string =>
  text.replace(/\s+/gu, " ").trim().replace(/[\\`*~<>[\]&|]|(?<!\w)_|_(?!\w)/gu, "\\$&")

/** A text as code within a table, whatever backticks and bars it holds; line breaks become spaces. */
export const markdownCode = (text: string): string => {
  const flat = text.replace(/\s+/gu, " ")
  if (flat.trim() === "") return "` `"
  const runs = [...flat.matchAll(/`+/gu)].map(([run]) => run.length)
  let length = 1
  while (runs.includes(length)) length++
  const fence = "`".repeat(length)
  const padding = /^[` ]|[` ]$/u.test(flat) ? " " : ""
  return `${fence}${padding}${flat.replaceAll("|", "\\|")}${padding}${fence}`
}

/** Texts that are Markdown already as a list, a line each. */
export const bulletList = (texts: ReadonlyArray<string>): string =>
  texts.map((text) => `- ${text.replace(/\s+/gu, " ").trim()}`).join("\n")

/**
 * A table of cells that are Markdown already. `padded`: columns line up where the Markdown is read as it is, in a
 * terminal or an editor; for narrow cells.
 *
 * **Shape**: each row has one cell per column.
 */
export const markdownTable = (
  columns: ReadonlyArray<MarkdownColumn>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  { padded = false }: { readonly padded?: boolean } = {}
): string => {
  const lines = [columns.map(({ header }) => header), ...rows]
  const widths = columns.map((_, i) =>
    padded ? lines.reduce((widest, cells) => Math.max(widest, displayWidth(cells[i]!)), 3) : 0
  )
  const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
  const [header, ...body] = lines.map((cells) =>
    line(cells.map((cell, i) => pad(cell, widths[i]!, columns[i]!.align ?? "left")))
  )
  const rule = columns.map(({ align }, i) => {
    const dashes = padded ? "-".repeat(widths[i]! - (align === "right" ? 1 : 0)) : "---"
    return align === "right" ? `${dashes}:` : dashes
  })
  return [header, line(rule), ...body].join("\n")
}
