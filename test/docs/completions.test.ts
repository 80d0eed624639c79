/**
 * Shell completions, as `docs/own-project.md` says: bash is asked what it would complete; the other scripts are complete.
 */
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { commands } from "../../cli/commands.ts"
import { pipeline, projectRoot, temporaryFolder } from "../support/pipeline.ts"

const temporary = temporaryFolder()
const script = join(temporary.path, "pipeline.bash")

beforeAll(async () => {
  const { exitCode, stdout } = await pipeline("--completions", "bash")
  assert.strictEqual(exitCode, 0)
  writeFileSync(script, stdout)
})
afterAll(temporary.remove)

/** What bash offers for the last of these words, in the project's folder. */
const offered = (...words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const line = words.join(" ")
  const program = [
    "source \"$1\"; shift",
    "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMP_LINE=\"$*\"; COMP_POINT=${#COMP_LINE}",
    "_pipeline \"$1\" \"${@: -1}\" \"${@: -2:1}\"",
    "printf '%s\\n' \"${COMPREPLY[@]}\""
  ].join("\n")
  const { status, stderr, stdout } = spawnSync("bash", ["-c", program, "bash", script, ...words], {
    cwd: projectRoot,
    encoding: "utf8"
  })
  assert.strictEqual(status, 0, `${line}: ${stderr}`)
  return stdout.split("\n").map((word) => word.trim()).filter((word) => word !== "")
}

describe("bash completes", () => {
  it("commands", () => {
    assert.includeMembers([...offered("pipeline", "")], Object.keys(commands))
    assert.deepStrictEqual(offered("pipeline", "ru"), ["run"])
  })

  it("flags and their values", () => {
    assert.deepStrictEqual(offered("pipeline", "run", "--keep"), ["--keep-going"])
    assert.deepStrictEqual(offered("pipeline", "run", "--stale", ""), ["ask", "rerun", "accept"])
  })

  it("experiment files", () => {
    assert.deepStrictEqual(offered("pipeline", "run", "experiments/quick"), ["experiments/quickstart.ts"])
  })
})

it.each(["zsh", "fish", "powershell"])("there is a script for %s with every command and flag", async (shell) => {
  const { exitCode, stdout } = await pipeline("--completions", shell)
  assert.strictEqual(exitCode, 0)
  for (const word of [...Object.keys(commands), "keep-going", "rehearse"]) assert.include(stdout, word)
})
