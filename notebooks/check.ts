/** Type-checks the cells of notebooks: `node notebooks/check.ts notebooks/quickstart.ipynb`. Exit code 1 on errors. */
import process from "node:process"
import { checkCells } from "./library/checkCells.ts"

for (const notebook of process.argv.slice(2)) {
  for (const { cell, line, message } of await checkCells(notebook)) {
    console.log(`${notebook}: cell ${cell}, line ${line}: ${message}`)
    process.exitCode = 1
  }
}
