/**
 * A Jupyter of the test's own, at the pinned hashes, that runs notebooks through `pipeline notebook run` and makes pages
 * of them. Needs a Python 3.10 or newer and a package registry; fails with the installer's words where there is none.
 */
import { execFile } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { assert } from "vitest"
import { parseCells, toNotebook } from "../../notebooks/library/cells.ts"
import { pipeline, projectRoot } from "./pipeline.ts"

/** An output of a cell. */
export interface Output {
  readonly output_type: string
  readonly data?: { readonly [mime: string]: string | ReadonlyArray<string> }
}

/** A cell of a notebook; one of prose has no outputs. */
export interface NotebookCell {
  readonly cell_type: string
  readonly outputs?: ReadonlyArray<Output>
}

export interface Jupyter {
  readonly python: string
  /** Runs a notebook against a cache into `target`; rejects where a cell fails. */
  readonly execute: (notebook: string, cache: string, target: string) => Promise<ReadonlyArray<NotebookCell>>
  /** The page that nbconvert makes of a notebook, in this folder. Yields its path. */
  readonly toHtml: (notebook: string, folder: string) => Promise<string>
}

/** Runs a program; rejects with what it said. */
const run = (program: string, ...args: ReadonlyArray<string>): Promise<void> =>
  new Promise((done, fail) => {
    execFile(program, args, { cwd: projectRoot, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const said = `${stdout.slice(-2000)}${stderr.slice(-4000)}`
      return error === null ? done() : fail(new Error(`${[program, ...args].join(" ")}: ${error.code}\n${said}`))
    })
  })

const hasUv = (): Promise<boolean> => run("uv", "--version").then(() => true, () => false)

const requirements = join(projectRoot, "requirements", "jupyter.txt")

const install = async (folder: string, python: string): Promise<void> => {
  if (await hasUv()) {
    await run("uv", "venv", folder)
    return run("uv", "pip", "install", "--python", python, "--require-hashes", "-r", requirements)
  }
  await run("python3", "-m", "venv", folder)
  return run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", requirements)
}

/** The cells of a notebook. */
export const cellsOfFile = (notebook: string): ReadonlyArray<NotebookCell> =>
  (JSON.parse(readFileSync(notebook, "utf8")) as { readonly cells: ReadonlyArray<NotebookCell> }).cells

/** Installs Jupyter into a folder that is not there yet. */
export const installJupyter = async (folder: string): Promise<Jupyter> => {
  const python = join(folder, "bin", "python")
  await install(folder, python).catch((error: Error) => {
    throw new Error(
      `Jupyter cannot be installed here; this suite needs Python and a package registry.\n${error.message}`
    )
  })
  return {
    python,
    execute: async (notebook, cache, target) => {
      const ended = await pipeline("notebook", "run", notebook, "--out", target, "--python", python, "--cache", cache)
      assert.strictEqual(ended.exitCode, 0, ended.stderr)
      return cellsOfFile(target)
    },
    toHtml: async (notebook, folder) => {
      await run(python, "-m", "nbconvert", "--to", "html", "--log-level", "ERROR", "--output-dir", folder, notebook)
      return join(folder, basename(notebook).replace(/\.ipynb$/u, ".html"))
    }
  }
}

/** A notebook of these sources beside those that ship, as long as the work. */
export const withNotebook = async <A>(
  source: ReadonlyArray<string>,
  work: (file: string) => Promise<A>
): Promise<A> => {
  const file = join(projectRoot, "notebooks", `.external-${process.pid}.ipynb`)
  writeFileSync(file, JSON.stringify(toNotebook(parseCells(source.join("\n")))))
  try {
    return await work(file)
  } finally {
    rmSync(file)
  }
}

/** The text of an output in one of its formats. */
export const dataOf = ({ data }: Output, mime: string): string => [data?.[mime] ?? ""].flat().join("")
