/**
 * Makes what the npm package ships, run by `npm pack` and `npm publish`: the modules that people import as JavaScript
 * with declarations, since Node strips no types below `node_modules`; the command line with its bundle; the template of
 * `pipeline init`. All of it in one folder that is laid out like the sources:
 *
 *     dist/library/<folder>/<Module>.js, .d.ts     cache, runtime, models, nodes, …
 *     dist/library/runtime/bin.mjs                 the command, called by runtime/pipeline.mjs; `start/` beside it
 *     dist/library/dist/start/                     the bundle, of these modules
 *     dist/library/template/                       files of a new project, as they are
 *     dist/library/notebooks/run.py                what executes notebooks, called by `pipeline notebook run`
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "../start/build.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "")
const library = join(root, "dist", "library")

/** What runs before the bundle is chosen, and what makes it, which the bundle names among its sources. */
const beforeStart = ["bin.mjs", "start/bundle.mjs", "start/redirect.mjs", "start/build.mjs"]

/** Specifiers and paths of our own modules, written as they are called in the sources. */
const ownModules = /(?<=["'])((?:\.{1,2}\/|runtime\/|cli\/)[\w./]+)\.ts(?=["'])/g

const asJavaScript = (text) => text.replaceAll(ownModules, "$1.js")

/** Compiles the sources. Ends the process with the compiler's words where it refuses one. */
const compile = () => {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc")
  const { status } = spawnSync(
    process.execPath,
    [tsc, "-p", fileURLToPath(new URL("tsconfig.json", import.meta.url))],
    {
      cwd: root,
      stdio: ["ignore", 2, 2]
    }
  )
  if (status !== 0) {
    console.error("no package was made: mend what tsc says, then run the same command again")
    process.exit(1)
  }
}

/** The compiler leaves specifiers in declarations as they were. */
const mendDeclarations = () => {
  for (const entry of readdirSync(library, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith(".d.ts")) continue
    const file = join(entry.parentPath, entry.name)
    writeFileSync(file, asJavaScript(readFileSync(file, "utf8")))
  }
}

const copyRest = () => {
  for (const file of beforeStart) {
    const [from, to] = [root, library].map((folder) => join(folder, "runtime", file))
    mkdirSync(dirname(to), { recursive: true })
    writeFileSync(to, asJavaScript(readFileSync(from, "utf8")), { mode: 0o755 })
  }
  cpSync(join(root, "template"), join(library, "template"), { recursive: true })
  cpSync(join(root, "notebooks", "run.py"), join(library, "notebooks", "run.py"))
  const { name, type, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  writeFileSync(
    join(library, "package.json"),
    `${JSON.stringify({ name, version, type, private: true }, undefined, 2)}\n`
  )
}

rmSync(library, { recursive: true, force: true })
compile()
mendDeclarations()
copyRest()
await build(library)
