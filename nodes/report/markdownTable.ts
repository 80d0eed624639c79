/** Tables and code in GitHub-flavoured Markdown, from any text: nothing in a cell can end the cell or become HTML. */

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

/** A table of cells that are Markdown already. **Shape**: each row has one cell per column. */
export const markdownTable = (
  columns: ReadonlyArray<MarkdownColumn>,
  rows: ReadonlyArray<ReadonlyArray<string>>
): string => {
  const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
  return [
    line(columns.map(({ header }) => header)),
    line(columns.map(({ align }) => align === "right" ? "---:" : "---")),
    ...rows.map(line)
  ].join("\n")
}
