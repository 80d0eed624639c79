/**
 * `pipeline notebook install | build | check | run`: notebooks for Deno's Jupyter kernel. What they import and how they
 * are made, checked and run is in `notebooks/library/`.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync, readdirSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { projectRootOf } from "../Place.ts"
import { QueryRefused } from "../query/QueryRefused.ts"
import { counted } from "../terminal/format.ts"
import { above } from "./above.ts"
import * as flags from "./flags.ts"
import { finish, print, say } from "./output.ts"
import { printJson } from "./printJson.ts"

const files = (what: string) => Argument.String("file").pipe(Argument.withDescription(what), Argument.variadic())

const here = (path: string): string => relative(process.cwd(), path) || path

const isProject = (folder: string): boolean => existsSync(join(folder, "package.json"))

/** The project that the command is called in. */
const project = Effect.suspend(() => {
  const root = projectRootOf(process.cwd())
  return isProject(root) ? Effect.succeed(root) : Effect.fail(
    new QueryRefused({
      reason: `${process.cwd()} is in no project: no folder at or above it has a package.json`,
      next: "call this within a project; `pipeline init` makes one"
    })
  )
})

/** The files that are named, else all of the project's `notebooks/` with this ending. */
const chosen = Effect.fnUntraced(function*(named: ReadonlyArray<string>, ending: string) {
  const folder = join(yield* project, "notebooks")
  const missing = named.find((file) => !existsSync(file) || !file.endsWith(ending))
  if (missing !== undefined) {
    return yield* new QueryRefused({
      reason: existsSync(missing) ? `${missing} is no ${ending} file` : `there is no file ${missing}`,
      next: `name ${ending} files, or none for all in ${here(folder)}`
    })
  }
  if (named.length > 0) return named.map((file) => resolve(file))
  const found = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(ending)).sort() : []
  if (found.length === 0) {
    return yield* new QueryRefused({ reason: `no ${ending} files in ${here(folder)}`, next: "name the files to take" })
  }
  return found.map((file) => join(folder, file))
})

/** The Deno of a project, and what writes the kernel's description. */
const kernelOf = Effect.fnUntraced(function*(root: string) {
  const { denoOf, writeKernelspec } = yield* Effect.promise(() =>
    above<typeof import("../../notebooks/library/kernelspec.ts")>("notebooks/library/kernelspec")
  )
  const deno = denoOf(root)
  if (deno === undefined) {
    return yield* new QueryRefused({
      reason: "Deno, whose kernel runs the cells, is not installed in this project",
      next: "npm install --save-dev deno"
    })
  }
  return { deno, write: () => writeKernelspec(root, deno) }
})

const install = Command.make("install", {}, () =>
  Effect.gen(function*() {
    const folder = here((yield* kernelOf(yield* project)).write())
    print(`JUPYTER_PATH=${folder}`)
    say(`start Jupyter with it: JUPYTER_PATH=${folder} jupyter lab`)
  })).pipe(Command.withDescription("write the kernel's description into the project"))

const build = Command.make(
  "build",
  { files: files("sources with cells (default: notebooks/*.ts)") },
  (given) =>
    Effect.gen(function*() {
      const { buildNotebook } = yield* Effect.promise(() =>
        above<typeof import("../../notebooks/library/buildNotebook.ts")>("notebooks/library/buildNotebook")
      )
      for (const source of yield* chosen(given.files, ".ts")) {
        const built = buildNotebook(source)
        if (built !== undefined) print(here(built))
        else if (given.files.length > 0) {
          return yield* new QueryRefused({ reason: `${here(source)} has no cells`, next: "cells begin with // %%" })
        }
      }
    })
).pipe(Command.withDescription("make notebooks from their sources, without outputs"))

const check = Command.make(
  "check",
  { files: files("notebooks (default: notebooks/*.ipynb)"), json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const { CompilerMissing, checkCells } = yield* Effect.promise(() =>
        above<typeof import("../../notebooks/library/checkCells.ts")>("notebooks/library/checkCells")
      )
      const found = []
      for (const notebook of yield* chosen(given.files, ".ipynb")) {
        const errors = yield* Effect.tryPromise({
          try: () => checkCells(notebook),
          catch: (cause) =>
            new QueryRefused({
              reason: cause instanceof Error ? cause.message : String(cause),
              next: cause instanceof CompilerMissing
                ? "npm install --save-dev typescript"
                : "cells are checked with the project's own tsconfig.json and typescript, whose other files must be right"
            })
        })
        found.push(...errors.map((error) => ({ file: here(notebook), ...error })))
      }
      if (given.json) printJson(found)
      else for (const { cell, file, line, message } of found) print(`${file}: cell ${cell}, line ${line}: ${message}`)
      if (found.length > 0) finish(1)
    })
).pipe(Command.withDescription("type-check the cells, which kernels do not"))

const out = Flag.String("out").pipe(
  Flag.withDescription("write the notebook with its outputs there (default: in its own place)"),
  Flag.optional
)
const python = Flag.String("python").pipe(
  Flag.withDescription("a Python with nbclient (default: .venv/bin/python, else python3)"),
  Flag.optional
)

const run = Command.make(
  "run",
  { files: files("notebooks (default: notebooks/*.ipynb)"), out, python, cache: flags.cache },
  (given) =>
    Effect.gen(function*() {
      const root = yield* project
      const notebooks = yield* chosen(given.files, ".ipynb")
      const target = Option.getOrUndefined(given.out)
      if (target !== undefined && notebooks.length > 1) {
        return yield* new QueryRefused({
          reason: `--out names one file for ${counted(notebooks.length, "notebook")}`,
          next: "name one notebook"
        })
      }
      const { deno } = yield* kernelOf(root)
      const { runNotebook } = yield* Effect.promise(() =>
        above<typeof import("../../notebooks/library/runNotebook.ts")>("notebooks/library/runNotebook")
      )
      for (const notebook of notebooks) {
        const { state, text } = yield* runNotebook(notebook, {
          projectRoot: root,
          deno,
          target: target === undefined ? notebook : resolve(target),
          python: Option.getOrUndefined(given.python),
          cache: Option.getOrUndefined(Option.map(given.cache, (path) => resolve(path)))
        })
        if (state === "refused") {
          return yield* new QueryRefused({
            reason: `notebooks cannot be run here: ${text}`,
            next: "install nbclient for a Python (pip install nbclient), and name that Python with --python"
          })
        }
        if (state === "ok") print(here(target ?? notebook))
        else {
          for (const line of text.split("\n")) say(`${here(notebook)}: ${line}`)
          if (!isProject(projectRootOf(dirname(notebook)))) {
            say(
              `${here(notebook)} lies in no project, where its kernel finds no packages; move it into one: ${
                here(join(root, "notebooks"))
              }`
            )
          }
          finish(1)
        }
      }
    })
).pipe(Command.withDescription("run notebooks without a browser, with all their outputs"))

export const notebook = Command.make("notebook").pipe(
  Command.withDescription("notebooks that query the cache, for Deno's Jupyter kernel"),
  Command.withSubcommands([install, build, check, run])
)
