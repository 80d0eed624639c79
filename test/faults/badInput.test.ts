/**
 * Wrong input gets one message that says what is wrong, where, and what to do; no stack trace; and exit code 2 where the
 * command, the experiment or something it needs is wrong, 1 where a node failed.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { baseOf } from "../../cache/layout.ts"
import { type Finished, pipeline, start, temporaryFolder } from "../support/pipeline.ts"
import { copyProject, type Project } from "./copyProject.ts"
import { ended, ran, rowsFound } from "../support/whatRan.ts"

const folder = temporaryFolder()
const place = (name: string) => join(folder.path, name)
const written = (name: string, text: string) => {
  writeFileSync(place(name), text)
  return place(name)
}

let project: Project
beforeAll(() => void (project = copyProject()))
afterAll(() => {
  project.remove()
  folder.remove()
})

/** The whole of standard error is one message in the form of ours: what, where, and advice on a line of its own. */
const assertRefused = ({ exitCode, stderr, stdout }: Finished, code: number, message: RegExp) => {
  assert.match(stderr, message)
  assert.match(stderr, /^error: /)
  assert.strictEqual(stderr.match(/error:/g)!.length, 1)
  assert.notMatch(stderr, /^\s+at .*[(/].*:\d+/m, "a stack trace")
  assert.strictEqual(exitCode, code)
  assert.notMatch(stdout, /error/)
}

describe("a specification", () => {
  const refusals: ReadonlyArray<
    readonly [what: string, file: string, text: string | undefined, code: number, message: RegExp]
  > = [
    [
      "that is not there",
      "none.md",
      undefined,
      2,
      /source .*none\.md: it does not exist\n.*looked for .*none\.md; check the path in the experiment/
    ],
    [
      "that is empty",
      "empty.md",
      " \n",
      1,
      /loadSpec .*empty\.md: the specification is empty; write clauses as `## C1: title`/
    ],
    ["without a clause", "plain.md", "Be good.\n", 1, /loadSpec .*plain\.md: there is no clause in it; write clauses/],
    [
      "with two clauses of one id",
      "twice.md",
      "## C1: a\ntext\n\n## C1: b\ntext\n",
      1,
      /twice\.md:4: clause C1 is there twice, first on line 1; give every clause an id of its own/
    ],
    [
      "with a clause that says nothing",
      "silent.md",
      "## C1: a\ncategories: x\n\n## C2: b\ntext\n",
      1,
      /silent\.md:1: clause C1 has no text; write what it forbids/
    ],
    [
      "with a heading of another form",
      "heading.md",
      "## first clause\ntext\n",
      1,
      /heading\.md:1: `## first clause` is not a clause heading; write `## <id>: <title>`/
    ]
  ]
  it.each(refusals)("%s is refused by its plan and its run", async (_, file, text, code, message) => {
    if (text !== undefined) written(file, text)
    // each with a cache of its own: on one, either may have to wait for the other, and says so
    const asked = ["run", "plan"].map((command) => {
      const args = ["test/faults/fixtures/world.ts", "--cache", place(command), "--set", `spec=${place(file)}`]
      return pipeline(command, ...args)
    })
    for (const finished of await Promise.all(asked)) assertRefused(finished, code, message)
  })
})

describe("a setting", () => {
  const settings: ReadonlyArray<readonly [set: string, message: RegExp]> = [
    ["expensiv=true", /--set expensiv: there is no such setting\n.*did you mean expensive\?/],
    ["refused.word=x", /--set refused\.word: there is no such setting\n.*did you mean/],
    ["expensive=maybe", /`expensive` cannot be "maybe"\n.*Expected boolean; declared: false/],
    ["expensive", /--set expensive has no value\n.*--set path=value/]
  ]
  it.each(settings)("%s is refused", async (set, message) => {
    assertRefused(await project.call("run", "--set", set), 2, message)
  })
})

describe("an experiment file", () => {
  const experiment = (name: string, text: string) => project.write(name, text)
  const run = (file: string) => start(["run", file, "--cache", project.cache], { cwd: project.path }).finished

  it("that does not exist is named with its path", async () => {
    assertRefused(
      await run("nothing.ts"),
      2,
      /nothing\.ts: the file does not exist\n.*looked for .*project\/nothing\.ts/
    )
  })

  it("without a default export is told what to export", async () => {
    experiment("empty.ts", "export const a = 1\n")
    assertRefused(
      await run("empty.ts"),
      2,
      /empty\.ts: its default export is no experiment\n.*export default Experiment\.make/
    )
  })

  it("with a syntax error is told its line", async () => {
    experiment("syntax.ts", "const a = 1\n\nexport default a +\n")
    assertRefused(await run("syntax.ts"), 2, /syntax\.ts: it cannot be loaded: .*syntax\.ts:\d/)
  })

  it("that throws while it is loaded is told where", async () => {
    experiment("throws.ts", "const names: Array<string> = []\n\nexport default names[0]!.length\n")
    assertRefused(await run("throws.ts"), 2, /throws\.ts: it cannot be loaded: .*length.*throws\.ts:3/)
  })

  it("that imports what is not there is told what and from where", async () => {
    experiment("imports.ts", "import { a } from \"./absent.ts\"\n\nexport default a\n")
    assertRefused(
      await run("imports.ts"),
      2,
      /imports\.ts: it cannot be loaded: .*absent\.ts.* imported from .*imports\.ts/
    )
  })
})

describe("a command", () => {
  const lines: ReadonlyArray<readonly [line: ReadonlyArray<string>, message: RegExp]> = [
    [["rum", "experiment.ts"], /Unknown subcommand "rum"/],
    [["run", "experiment.ts", "--shiny"], /Unrecognized flag: --shiny/],
    [["run"], /Missing required argument: experiment/],
    [["run", "experiment.ts", "--stale", "perhaps"], /perhaps/]
  ]
  it.each(lines)("%j is refused", async (line, message) => {
    const { exitCode, stderr, stdout } = await start(line, { cwd: project.path }).finished
    assert.match(stderr + stdout, message)
    assert.notMatch(stderr, /^\s+at /m)
    assert.strictEqual(exitCode, 2)
  })

  it("about a node that is not there names those that are, and the nearest", async () => {
    const nodes = /did you mean weigh\? nodes: words, weigh, summary/
    assertRefused(await project.call("run", "--force", "wiegh"), 2, nodes)
    assertRefused(await project.call("why", "wiegh"), 2, nodes)
  })
})

describe("a cache folder", () => {
  const run = (cache: string) => start(["run", "experiment.ts", "--cache", cache], { cwd: project.path }).finished

  it("that is a file is refused", async () => {
    assertRefused(
      await run(written("file", "")),
      2,
      /could not open the cache: .*file.*; a file lies where a folder is needed/
    )
  })

  it("of another format is refused, by commands that only read as well", async () => {
    mkdirSync(baseOf(place("other")), { recursive: true })
    written("other/v2/FORMAT", "{\"layout\":99}\n")
    const message =
      /other\/v2\/FORMAT: this version reads the cache format .*, the folder holds \{"layout":99\}; use another --cache folder/
    assertRefused(await run(place("other")), 2, message)
    assertRefused(await pipeline("ls", "--cache", place("other")), 2, message)
  })
})

describe("a file of prompts", () => {
  const run = (file: string) =>
    start(
      ["run", "test/faults/fixtures/files.ts", "--cache", place("files"), "--json", "--select", "evaluationPrompts"],
      { env: { FAULTS_FILE: file } }
    ).finished

  it("with another column is told which it has", async () => {
    assertRefused(
      await run(written("columns.csv", "promt,note\nhello,x\n")),
      1,
      /evaluationPrompts .*columns\.csv: it has no column "prompt"; did you mean "promt"\? it has promt, note/
    )
  })

  it("with invalid JSON is told its line", async () => {
    const lines = Array.from(
      { length: 20 },
      (_, index) => index === 16 ? "{\"prompt\": " : `{"prompt": "number ${index}"}`
    )
    const finished = await run(written("lines.jsonl", lines.join("\n")))
    assertRefused(finished, 1, /lines\.jsonl: line 17: invalid JSON/)
    assert.deepStrictEqual(ended(finished.events).nodes, { total: 1, ran: 0, fresh: 0, failed: 1, skipped: 0 })
  })

  it("that is not there is missed before anything runs", async () => {
    const finished = await run(place("absent.csv"))
    assertRefused(finished, 2, /absent\.csv: there is no such file; check the path of the set "train"/)
    assert.deepStrictEqual(finished.events, [])
  })
})

describe("a row that fails", () => {
  it("is named with its reason; the others are kept, and the next run does what is left", async () => {
    const failed = await project.call("run", "--json", "--set", "refused=slate")
    assertRefused(
      failed,
      1,
      /weigh \(\w{8}\) failed: 1 of 3 rows have no result\n.*row slate: nothing good can be said of slate\n.*2 finished rows are kept; mend it/
    )
    const next = await project.call("run", "--json")
    assert.deepStrictEqual({ exitCode: next.exitCode, fresh: rowsFound(next.events, "weigh")!.fresh }, {
      exitCode: 0,
      fresh: 2
    })
  })

  it("is told once where people read along, and once more at the end", async () => {
    project.write("words.txt", "basalt\n")
    const { exitCode, stderr } = await project.call("run", "--set", "refused=basalt")
    assert.strictEqual(exitCode, 1)
    assert.strictEqual(stderr.match(/1 of 1 rows have no result/g)!.length, 2)
  })
})

describe("a disk without room", () => {
  it("fails the node, keeps every row that was written, and the next run goes on from there", async () => {
    const crowded = copyProject()
    const words = 10_000
    crowded.write("words.txt", Array.from({ length: words }, (_, index) => `word${index}\n`).join(""))
    const args = ["run", "experiment.ts", "--cache", crowded.cache, "--json"]
    const full = await start(args, { cwd: crowded.path, largestFile: 400 }).finished
    assertRefused(full, 1, /weigh .*no space left in .*; free some space and run the same command again/)
    const { events, exitCode, stderr } = await crowded.call("run", "--json")
    assert.strictEqual(exitCode, 0, stderr)
    const { fresh, toRun } = rowsFound(events, "weigh")!
    assert.isAbove(fresh, 0)
    assert.strictEqual(fresh + toRun, words)
    assert.deepStrictEqual(ran(events), ["weigh", "summary"])
    crowded.remove()
  })
})
