/** Writes a notebook from its source, without outputs: `x.ts` becomes `x.ipynb` beside it. What cells are, `cells.ts` says. */
import { readFileSync, writeFileSync } from "node:fs"
import { parseCells, toNotebook } from "./cells.ts"

/** The file that was written; undefined for a source without cells. */
export const buildNotebook = (source: string): string | undefined => {
  const cells = parseCells(readFileSync(source, "utf8"))
  if (cells.length === 0) return undefined
  const target = source.replace(/\.ts$/u, ".ipynb")
  writeFileSync(target, `${JSON.stringify(toNotebook(cells), undefined, 1)}\n`)
  return target
}
