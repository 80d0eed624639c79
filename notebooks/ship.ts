/**
 * Makes the notebooks that ship, with their outputs, by one command:
 *
 *     node notebooks/ship.ts [--cache DIR] [--python PYTHON] [--set PATH=VALUE …] [--set-sweep PATH=VALUE …]
 *
 * It runs what they read into a cache of its own (the quickstart with clause C3 opened, the quickstart as it is, the
 * expert-fraction sweep), builds them from their sources, type-checks their cells and runs them in place. What the cache
 * holds already is reused, so a stopped command goes on. Needs a Python with the packages of requirements/jupyter.txt.
 * `--set` goes to the quickstart and `--set-sweep` to the sweep: small numbers try the command out in a minute, and give
 * outputs that must not ship (`pipeline notebook build` removes them).
 */
import { spawn } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const projectRoot = fileURLToPath(new URL("..", import.meta.url))

/** The clause whose edit `clauseEdit.ipynb` looks at. */
const edit = { from: "art hidden", to: "art open" }

const notebooks = ["quickstart", "clauseEdit", "expertFraction"].map((name) => join("notebooks", name))

const pipeline = (...args: ReadonlyArray<string>): Promise<void> =>
  new Promise((resolve, reject) => {
    console.log(`pipeline ${args.join(" ")}`)
    const child = spawn(process.execPath, [join("runtime", "bin.mjs"), ...args], { cwd: projectRoot, stdio: "inherit" })
    child.on("error", reject)
    child.on("close", (code) => code === 0 ? resolve() : reject(new Error(`pipeline ${args[0]} ended with ${code}`)))
  })

/** The specification with the clause opened, in the cache's folder. **Fails**: throws where it has no such clause. */
const openedSpec = (cache: string): string => {
  const spec = readFileSync(join(projectRoot, "specs", "world.md"), "utf8")
  if (!spec.includes(edit.from)) throw new Error(`specs/world.md has no clause with the text "${edit.from}"`)
  mkdirSync(cache, { recursive: true, mode: 0o700 })
  const file = join(cache, "world-opened.md")
  writeFileSync(file, spec.replace(edit.from, edit.to))
  return relative(projectRoot, file)
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      cache: { type: "string", default: join(projectRoot, ".pipeline", "notebooks") },
      python: { type: "string" },
      set: { type: "string", multiple: true, default: [] },
      "set-sweep": { type: "string", multiple: true, default: [] }
    }
  })
  const cache = resolve(values.cache)
  const run = (experiment: string, sets: ReadonlyArray<string>): Promise<void> =>
    pipeline("run", experiment, "--cache", cache, "--stale", "rerun", ...sets.map((set) => `--set=${set}`))
  // The opened clause first, so that `critique@before` is of it.
  await run("experiments/quickstart.ts", [...values.set, `spec=${openedSpec(cache)}`])
  await run("experiments/quickstart.ts", values.set)
  await run("experiments/ablations/expertFraction.ts", values["set-sweep"])
  await pipeline("notebook", "build", ...notebooks.map((name) => `${name}.ts`))
  await pipeline("notebook", "check", ...notebooks.map((name) => `${name}.ipynb`))
  const python = values.python === undefined ? [] : ["--python", resolve(values.python)]
  await pipeline("notebook", "run", "--cache", cache, ...python, ...notebooks.map((name) => `${name}.ipynb`))
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
