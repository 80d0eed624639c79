/**
 * `pipeline init [DIR]`: a project of one's own, small and whole: a specification, nodes, a pipeline, an experiment, a
 * notebook and a test. Says what to do next; runs nothing and installs nothing.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { relative, resolve } from "node:path"
import { type Installation, isInstalled, ownInstallation, packedFile } from "../init/Installation.ts"
import { dependenciesOf } from "../init/projectFiles.ts"
import { scaffold } from "../init/scaffold.ts"
import * as flags from "./flags.ts"
import { print } from "./output.ts"
import { printJson } from "./printJson.ts"

const folder = Argument.String("dir").pipe(
  Argument.withDescription("where to: a new folder, or one that has none of the files (default: this one)"),
  Argument.withDefault(".")
)

interface Step {
  readonly command: string
  readonly why: string
}

const quoted = (path: string): string => /^[\w./@:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`

/** What to type next, in order, from the folder that the command was called in. */
const nextSteps = (installation: Installation, target: string): ReadonlyArray<Step> => {
  const { dependencies, devDependencies } = dependenciesOf(installation, target)
  const missing = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !isInstalled(name, target))
  const packs = installation.kind === "checkout" && missing.length > 0 && !existsSync(packedFile(installation))
  const here = relative(process.cwd(), target)
  return [
    ...(packs
      ? [{ command: `(cd ${quoted(installation.root)} && npm pack)`, why: "the package that the project depends on" }]
      : []),
    ...(here === "" ? [] : [{ command: `cd ${quoted(here)}`, why: "" }]),
    ...(missing.length === 0 ? [] : [{ command: "npm install", why: "" }]),
    { command: "npx pipeline run experiments/first.ts", why: "reads eight answers against three clauses" },
    { command: "npx pipeline show countByClause", why: "what came out" },
    { command: "npm run check && npm test", why: "types, and the test of the rule" },
    {
      command: "npx pipeline plan experiments/first.ts",
      why: "after an edit of specs/house.md: what runs again, and why"
    }
  ]
}

const lineOf = ({ command, why }: Step): string => why === "" ? `  ${command}` : `  ${command.padEnd(40)}  # ${why}`

export const init = Command.make(
  "init",
  { folder, json: flags.json },
  (given) =>
    Effect.try({
      try: () => {
        const target = resolve(given.folder)
        const installation = ownInstallation()
        const files = scaffold(installation, target)
        const next = nextSteps(installation, target)
        if (given.json) return printJson({ folder: target, files, next: next.map(({ command }) => command) })
        print(
          [`made in ${quoted(given.folder)}:`, ...files.map((file) => `  ${file}`), "next:", ...next.map(lineOf)].join(
            "\n"
          )
        )
      },
      catch: (error) => error
    })
).pipe(Command.withDescription("a small project of your own, ready to run"))
