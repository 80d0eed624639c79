/**
 * A script that makes a table's columns sortable where scripts may run: notebooks that are trusted, and pages made of
 * them. Elsewhere the table is as it was. Nothing of the table's content stands in it.
 */
import { createHash } from "node:crypto"

/** Equal tables get equal names, so that a notebook that is run again stays as it was. */
export const tableName = (html: string): string => createHash("sha256").update(html).digest("hex").slice(0, 12)

/**
 * The script's text for tables that carry this name in `data-table`. Numbers are told by `data-number` on the cells; what
 * is null stays below.
 */
export const sortScript = (name: string): string =>
  `(() => {
  for (const table of document.querySelectorAll('table[data-table="${name}"]')) {
    if (table.dataset.sortable) continue
    table.dataset.sortable = "yes"
    const heads = [...table.querySelectorAll("thead th")]
    const body = table.querySelector("tbody")
    const keyOf = (row, column) => {
      const cell = row.children[column]
      if (cell.dataset.null) return undefined
      return cell.dataset.number === undefined ? cell.textContent : Number(cell.dataset.number)
    }
    const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b))
    heads.forEach((head, column) => {
      head.style.cursor = "pointer"
      head.setAttribute("tabindex", "0")
      head.setAttribute("title", "sort by this column")
      const sort = () => {
        const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1
        heads.forEach((other) => other.removeAttribute("aria-sort"))
        head.setAttribute("aria-sort", sign < 0 ? "descending" : "ascending")
        const rows = [...body.children].map((row) => ({ row, key: keyOf(row, column) }))
        rows.sort((a, b) =>
          a.key === undefined || b.key === undefined
            ? Number(a.key === undefined) - Number(b.key === undefined)
            : sign * compare(a.key, b.key))
        for (const { row } of rows) body.append(row)
      }
      head.addEventListener("click", sort)
      head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort() })
    })
  }
})()`
