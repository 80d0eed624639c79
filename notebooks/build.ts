/**
 * Writes a notebook from its source, without outputs: `node notebooks/build.ts notebooks/quickstart.ts`. Running it is
 * `notebooks/run.py`'s part.
 */
import { readFileSync, writeFileSync } from "node:fs"
import process from "node:process"
import { parseCells, toNotebook } from "./library/cells.ts"

const [source] = process.argv.slice(2)
if (source === undefined || !source.endsWith(".ts")) {
  console.error("usage: node notebooks/build.ts SOURCE.ts")
  process.exitCode = 2
} else {
  const target = source.replace(/\.ts$/u, ".ipynb")
  writeFileSync(target, `${JSON.stringify(toNotebook(parseCells(readFileSync(source, "utf8"))), undefined, 1)}\n`)
  console.log(target)
}
