/**
 * Every shell snippet of the pages does what the page says. Those of pages about a project of one's own are run in one,
 * and what a page shows of their output is held against it; of the others, which need the quickstart or a network, each
 * `npx pipeline` line is read by the command line itself: commands, flags and their values, and the files named.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { commands } from "../../cli/commands.ts"
import type { AnyCommand } from "../../runtime/cli/commands.ts"
import { ownInstallation } from "../../runtime/init/Installation.ts"
import { scaffold } from "../../runtime/init/scaffold.ts"
import { projectRoot } from "../support/pipeline.ts"
import { type Snippet, snippetsOf } from "./snippets.ts"

/** Pages whose snippets are run. The first makes its project itself. */
const tried = ["own-project", "rows", "specs", "engines", "scaling-out", "security"].map((name) => `docs/${name}.md`)

const pages = [
  "README.md",
  ...readdirSync(join(projectRoot, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)
]

const isShell = ({ language }: Snippet): boolean => language === "sh"

let folder: string
beforeAll(() => {
  mkdirSync(join(projectRoot, "dist"), { recursive: true })
  folder = mkdtempSync(join(projectRoot, "dist", "docs-"))
  // `npx pipeline` without npm's own start, which takes longer than all else
  writeFileSync(
    join(folder, "npx"),
    `#!/bin/sh\n[ "$1" = pipeline ] || exit 2\nshift\nexec "${process.execPath}" "${
      join(projectRoot, "runtime", "bin.mjs")
    }" "$@"\n`
  )
  chmodSync(join(folder, "npx"), 0o755)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a snippet where the one before it ended. Yields what it printed; throws where a command failed. */
const runIn = (place: { cwd: string }, { code, line, page }: Snippet): string => {
  const { PIPELINE_CACHE: _, ...env } = process.env
  const after = join(folder, "cwd")
  const { status, stderr, stdout } = spawnSync("bash", ["-euo", "pipefail", "-c", `${code}\npwd > '${after}'`], {
    cwd: place.cwd,
    encoding: "utf8",
    env: { ...env, PATH: [folder, join(projectRoot, "node_modules", ".bin"), env["PATH"]].join(":") }
  })
  if (status !== 0) throw new Error(`${page}:${line} ended with ${status}\n${stdout}${stderr}`)
  place.cwd = readFileSync(after, "utf8").trim()
  return `${stdout}${stderr}`
}

const spaced = (line: string): string => line.replaceAll(/\s+/g, " ").trim()

/** What a page shows of an output, line by line; `…` stands for what differs from run to run. */
const assertShown = (output: string, shown: Snippet): void => {
  const lines = output.split("\n").map(spaced)
  for (const line of shown.code.split("\n").map(spaced).filter((line) => line !== "")) {
    const wanted = new RegExp(`^${line.split("…").map((part) => RegExp.escape(part.trim())).join(".*")}$`)
    assert.isTrue(
      lines.some((each) => wanted.test(each)),
      `${shown.page}:${shown.line}: "${line}" is not in\n${output}`
    )
  }
}

describe("snippets that are run", () => {
  it.each(tried)("%s", (page) => {
    const place = { cwd: folder }
    if (page !== "docs/own-project.md") {
      place.cwd = join(folder, page.replaceAll(/\W/g, "-"))
      scaffold(ownInstallation(), place.cwd)
    }
    let output: string | undefined
    for (const snippet of snippetsOf(page)) {
      if (isShell(snippet) && !snippet.notRun) output = runIn(place, snippet)
      else if (snippet.language === "text") assertShown(output ?? "", snippet)
    }
    assert.isDefined(output)
  })
})

/** Arguments of every `npx` in a snippet, as a shell reads them. No other command is run. */
const calledIn = ({ code, line, page }: Snippet): ReadonlyArray<ReadonlyArray<string>> => {
  const calls = join(folder, "calls")
  rmSync(calls, { force: true })
  const script = [
    `npx() { printf '%s\\0' "$@" >> '${calls}'; printf '\\n\\0' >> '${calls}'; }`,
    "cd() { :; }; source() { :; }; command_not_found_handle() { :; }",
    code,
    "wait"
  ].join("\n")
  const { status, stderr } = spawnSync("/bin/bash", ["-u", "-c", script], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: "/nowhere" }
  })
  assert.strictEqual(status, 0, `${page}:${line}: ${stderr}`)
  if (!existsSync(calls)) return []
  return readFileSync(calls, "utf8").split("\n\0").slice(0, -1).map((call) => call.split("\0").slice(0, -1))
}

/** The command line with commands that take what they take and do nothing. */
const readOnly = async (): Promise<AnyCommand> =>
  Command.make("pipeline").pipe(
    Command.withSubcommands(
      await Promise.all(
        Object.values(commands).map(async ({ load }) =>
          Command.withHandler(await load() as Command.Command<string, unknown>, () => Effect.void)
        )
      )
    )
  )

/** A usage error comes with the help, which nobody reads here. */
const silent: Console.Console = { ...globalThis.console, log: () => undefined, error: () => undefined }

/** What the command line has against these arguments; undefined where it takes them. */
const refusal = async (args: ReadonlyArray<string>): Promise<unknown> => {
  const ended = await Effect.runPromise(
    Command.runWith(await readOnly(), { version: "0" })(args).pipe(
      Effect.provide(NodeServices.layer),
      Effect.provideService(Console.Console, silent),
      Effect.match({ onFailure: (error: unknown) => error, onSuccess: () => undefined })
    ) as Effect.Effect<unknown>
  )
  return ended
}

it("the README names every command", () => {
  const text = readFileSync(join(projectRoot, "README.md"), "utf8")
  const table = text.slice(text.indexOf("| commands"), text.indexOf("\n\n", text.indexOf("| commands")))
  const named = [...table.matchAll(/`([\w-]+)`/g)].map(([, name]) => name)
  assert.sameMembers(named, Object.keys(commands))
})

describe("snippets that are read", () => {
  const read = pages.flatMap((page) =>
    snippetsOf(page).filter((snippet) => isShell(snippet) && (snippet.notRun || !tried.includes(page)))
  )

  it.each(read.map((snippet) => [`${snippet.page}:${snippet.line}`, snippet] as const))("%s", async (_, snippet) => {
    const calls = calledIn(snippet).filter(([program]) => program === "pipeline").map((call) => call.slice(1))
    for (const call of calls) {
      assert.isUndefined(await refusal(call), call.join(" "))
      const file = call.find((argument) => /^(?:experiments|notebooks)\/.*\.(?:ts|ipynb)$/.test(argument))
      if (file !== undefined && file !== "experiments/first.ts") {
        assert.isTrue(existsSync(join(projectRoot, file)), file)
      }
    }
  })

  it("and a flag that is not there is found", async () => {
    assert.isDefined(await refusal(["run", "experiments/quickstart.ts", "--no-such-flag"]))
    assert.isDefined(await refusal(["run"]))
    assert.isUndefined(await refusal(["run", "experiments/quickstart.ts", "--keep-going"]))
  })
})
