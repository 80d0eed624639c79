/**
 * Type-checks the code cells of a notebook: kernels only strip types, so a wrong one is found here or never. All cells
 * count as one module, in their order.
 */
import * as Schema from "effect/Schema"
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import process from "node:process"
import { projectRootOf } from "../../runtime/Place.ts"
import { cellsOf, type NotebookCell } from "./cells.ts"
import { installed } from "./installed.ts"

/** There is no TypeScript beside the project. */
export class CompilerMissing extends Schema.TaggedError<CompilerMissing>()("CompilerMissing", {
  projectRoot: Schema.String
}) {
  override get message() {
    return `TypeScript, which checks the cells, is not installed in ${this.projectRoot}`
  }
}

/** An error of the compiler. Cells and lines count from 1, prose cells too. */
export interface CellError {
  readonly cell: number
  readonly line: number
  readonly message: string
}

/** The code cells as one module; `origin` has the cell and line of each of its lines. */
const joined = (cells: ReadonlyArray<NotebookCell>) => {
  const lines: Array<string> = []
  const origin: Array<{ readonly cell: number; readonly line: number }> = []
  for (const [i, { text, type }] of cells.entries()) {
    if (type !== "code") continue
    for (const [j, line] of text.split("\n").entries()) {
      lines.push(line)
      origin.push({ cell: i + 1, line: j + 1 })
    }
  }
  // A module, even without imports: cells may await at their top level.
  return { text: `${lines.join("\n")}\nexport {}\n`, origin }
}

const compile = (tsc: string, config: string): Promise<{ readonly failed: boolean; readonly output: string }> =>
  new Promise((done) => {
    execFile(tsc, ["--pretty", "false", "-p", config], (error, stdout, stderr) => {
      done({ failed: error !== null, output: error === null ? "" : stdout + stderr || error.message })
    })
  })

/**
 * What the compiler says about a notebook, under the project's own settings.
 *
 * **Fails**: rejects with `CompilerMissing`; with the compiler's words where it fails outside of the cells.
 */
export const checkCells = async (notebook: string): Promise<ReadonlyArray<CellError>> => {
  const projectRoot = projectRootOf(dirname(resolve(notebook)))
  const compiler = installed(projectRoot, join(".bin", "tsc"))
  if (compiler === undefined) throw new CompilerMissing({ projectRoot })
  const { origin, text } = joined(cellsOf(JSON.parse(readFileSync(notebook, "utf8"))))
  // Beside the notebook, since its imports are relative to it.
  const module = join(dirname(resolve(notebook)), `.cells-${process.pid}-${Date.now()}.ts`)
  const folder = mkdtempSync(join(tmpdir(), "sinternal-cells-"))
  const config = join(folder, "tsconfig.json")
  try {
    writeFileSync(module, text)
    const extended = { extends: join(projectRoot, "tsconfig.json"), files: [module], include: [] }
    const types = installed(projectRoot, "@types")
    const compilerOptions = {
      noEmit: true,
      noUnusedLocals: false,
      ...(types === undefined ? {} : { typeRoots: [types] })
    }
    writeFileSync(config, JSON.stringify({ ...extended, compilerOptions }))
    const { failed, output } = await compile(compiler, config)
    const found = [...output.matchAll(/\.cells-\d+-\d+\.ts\((\d+),\d+\): error (.*)/gu)]
    if (failed && found.length === 0) throw new Error(`the cells of ${notebook} cannot be checked: ${output.trim()}`)
    return found.map(([, line, message]) => ({ ...origin[Number(line) - 1]!, message: message! }))
  } finally {
    rmSync(module, { force: true })
    rmSync(folder, { recursive: true, force: true })
  }
}
