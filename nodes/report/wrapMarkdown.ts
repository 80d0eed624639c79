/** Markdown that is to be read unrendered, in lines that fit a terminal. */
import { wrap } from "../../runtime/terminal/text.ts"

/**
 * Paragraphs and list items broken at spaces, continued lines of an item below its text; tables and headings as they
 * are. **Unit**: columns of a terminal, 110 unless told.
 */
export const wrapMarkdown = (markdown: string, width = 110): string =>
  markdown.split("\n").map((line) => {
    if (/^[|#]|^$/u.test(line)) return line
    const [bullet = ""] = /^- /u.exec(line) ?? []
    return bullet + wrap(line.slice(bullet.length), width - bullet.length).join(`\n${" ".repeat(bullet.length)}`)
  }).join("\n")
