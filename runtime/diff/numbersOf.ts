/**
 * The numbers inside a value by the path that leads to them: what a report or a set of findings can be compared by.
 * Tables of a Markdown text count too, since that is where a report has its metrics.
 */

/** Heading, row and column of a number in Markdown, or the names of objects, are joined with this. */
const separator = " · "

/** A cell that begins with a number and is no range: `67.7 (62–73)`, `$1,203`, `3.5 %`, but not `32–40`. */
const numberCell = /^[$~≤≥<>]?\s*(-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)\s*(?:%|\(|±|$|\s)/iu

const numberIn = (cell: string): number | undefined => {
  const found = numberCell.exec(cell.replaceAll("−", "-").replace(/[*_`]/gu, "").trim())
  return found === null ? undefined : Number(found[1]!.replaceAll(",", ""))
}

const cellsOf = (line: string): ReadonlyArray<string> =>
  line.trim().replace(/^\||\|$/gu, "").split(/(?<!\\)\|/u).map((cell) => cell.trim())

const isRule = (line: string): boolean => /^\s*\|?(?:\s*:?-+:?\s*\|)+\s*(?::?-+:?)?\s*$/u.test(line)

type Add = (path: string, value: number) => void

/** Numbers of the tables of a Markdown text, named by heading, row and column. */
const addMarkdown = (text: string, add: Add): void => {
  const lines = text.split("\n")
  let heading = ""
  let header: ReadonlyArray<string> | undefined
  for (const [index, line] of lines.entries()) {
    const title = /^#{2,6}\s+(.*)$/u.exec(line)
    if (title !== null) heading = title[1]!.trim()
    if (isRule(line) && index > 0 && lines[index - 1]!.includes("|")) header = cellsOf(lines[index - 1]!)
    else if (!line.includes("|")) header = undefined
    else if (header !== undefined) {
      const [row = "", ...cells] = cellsOf(line)
      for (const [column, cell] of cells.entries()) {
        const value = numberIn(cell)
        const path = [heading, row, header[column + 1] ?? String(column + 1)].filter((part) => part !== "")
        if (value !== undefined) add(path.join(separator), value)
      }
    }
  }
}

const walk = (value: unknown, path: ReadonlyArray<string>, add: Add): void => {
  if (typeof value === "number") return add(path.join(separator) || "value", value)
  if (typeof value === "string") {
    if (value.includes("|")) addMarkdown(value, add)
    return
  }
  if (typeof value !== "object" || value === null) return
  for (const [name, inner] of Object.entries(value)) walk(inner, [...path, name], add)
}

/** Every number by its path. Of equal paths, the second is told apart by `(2)`, and so on. */
export const numbersOf = (value: unknown): ReadonlyMap<string, number> => {
  const found = new Map<string, number>()
  const times = new Map<string, number>()
  walk(value, [], (path, number) => {
    const time = (times.get(path) ?? 0) + 1
    times.set(path, time)
    found.set(time === 1 ? path : `${path} (${time})`, number)
  })
  return found
}
