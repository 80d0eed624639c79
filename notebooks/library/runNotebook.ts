/**
 * Runs a notebook without a browser, through the user's Jupyter and this project's kernel. Python does the talking
 * (`notebooks/run.py`): it is where Jupyter is at home.
 */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { writeKernelspec } from "./kernelspec.ts"

export interface RunNotebookOptions {
  /** Where the kernel's description goes. */
  readonly projectRoot: string
  /** The program whose kernel runs the cells. */
  readonly deno: string
  /** The notebook with its outputs goes there; it may be the notebook itself. */
  readonly target: string
  /** A Python that has nbclient; that of the project's `.venv`, else `python3`, unless told. */
  readonly python?: string | undefined
  /** The cache that `open()` finds in the cells; that of the project unless told. */
  readonly cache?: string | undefined
}

/** How it ended. `refused`: Jupyter is not there. `failed`: a cell threw; the target has the outputs up to there. */
export interface NotebookRun {
  readonly state: "ok" | "failed" | "refused"
  /** What was said, for people. */
  readonly text: string
}

const runner = fileURLToPath(new URL("../run.py", import.meta.url))

const states: { readonly [code: number]: NotebookRun["state"] } = { 0: "ok", 1: "failed" }

const pythonOf = (projectRoot: string): string => {
  const own = join(projectRoot, ".venv", "bin", "python")
  return existsSync(own) ? own : "python3"
}

/** Runs all cells. Interrupting ends the kernel. */
export const runNotebook = (notebook: string, options: RunNotebookOptions): Effect.Effect<NotebookRun> =>
  Effect.callback((resume) => {
    const { cache, deno, projectRoot, python = pythonOf(projectRoot), target } = options
    const kernels = [writeKernelspec(projectRoot, deno), process.env["JUPYTER_PATH"]].filter((path) =>
      path !== undefined
    )
    const child = spawn(python, [runner, notebook, target], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        JUPYTER_PATH: kernels.join(delimiter),
        ...(cache === undefined ? {} : { PIPELINE_CACHE: cache })
      }
    })
    let text = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (piece: string) => void (text += piece))
    }
    child.on("error", ({ message }) => resume(Effect.succeed({ state: "refused", text: message })))
    child.on("close", (code) => resume(Effect.succeed({ state: states[code ?? 2] ?? "refused", text: text.trim() })))
    return Effect.sync(() => void child.kill("SIGINT"))
  })
