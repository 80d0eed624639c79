/** The whole list of commands: the engine's and the method's, each described, none loaded to be listed. */
import { assert, describe, it } from "vitest"
import { commands } from "../../cli/commands.ts"
import { commands as engine } from "../../runtime/cli/commands.ts"
import { pipeline } from "../support/pipeline.ts"

/** Commands of the engine to which the method adds what it knows: rates and what moved a policy. */
const extended = ["diff", "trace"]

describe("commands", () => {
  it("are the engine's and those of the method, under names of their own but for what the method knows more of", () => {
    const own = Object.keys(commands).filter((name) => engine[name] === undefined)
    assert.sameMembers(own, ["doctor", "report", "spec", "why-trained"])
    assert.includeMembers(Object.keys(commands), Object.keys(engine))
    for (const [name, listed] of Object.entries(engine)) {
      if (extended.includes(name)) assert.strictEqual(commands[name]!.description, listed.description)
      else assert.strictEqual(commands[name], listed)
    }
  })

  it("each load as what they are called", async () => {
    for (const name of ["doctor", "report", "spec", "why-trained", ...extended]) {
      assert.strictEqual((await commands[name]!.load()).name, name)
    }
  })

  it("are listed by --help with their descriptions", async () => {
    const { exitCode, stdout } = await pipeline("--help")
    assert.strictEqual(exitCode, 0)
    for (const [name, { description }] of Object.entries(commands)) {
      assert.match(stdout, new RegExp(`\\n {2}${RegExp.escape(name)} +${RegExp.escape(description)}\\n`, "u"))
    }
  })
})
