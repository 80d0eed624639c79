/**
 * What a user asks after runs: which there were, what differs, what was said, where a row came from, why. Two runs of the
 * small project in one cache, the second after an edit, a third that is killed.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { copyProject, type Project } from "../../faults/copyProject.ts"
import { start } from "../../support/pipeline.ts"
import { ran, rowsRan } from "../../support/whatRan.ts"
import { askingServer } from "./askingServer.ts"

let project: Project
let printed: ReadonlyArray<string>
/** A command that needs no experiment file. */
const ask = (...args: ReadonlyArray<string>) =>
  start([...args, "--cache", project.cache], { cwd: project.path }).finished
const json = async (...args: ReadonlyArray<string>) => JSON.parse((await ask(...args, "--json")).stdout)

beforeAll(async () => {
  project = copyProject()
  assert.strictEqual((await project.call("run", "--json")).exitCode, 0)
  project.write("words.txt", "granite\nslate\nbasalt\n")
  const { events, exitCode, stdout } = await project.call("run", "--json")
  assert.strictEqual(exitCode, 0)
  assert.deepStrictEqual(ran(events), ["words", "weigh", "summary"])
  assert.deepInclude(rowsRan(events, "weigh"), { ran: 1, fresh: 2, failed: 0 })
  printed = stdout.split("\n").filter((line) => line.startsWith("{\"event\""))
})
afterAll(() => project.remove())

describe("after two runs", () => {
  it("ls lists them with what became of them, the latest first", async () => {
    const runs = await json("ls", "--runs")
    assert.deepStrictEqual(runs.map(({ experiment, nodes, state }: any) => ({ experiment, nodes, state })), [
      { experiment: "experiment", nodes: 3, state: "ok" },
      { experiment: "experiment", nodes: 3, state: "ok" }
    ])
    const { stdout } = await ask("ls", "--runs")
    assert.match(stdout, /^RUN +EXPERIMENT +STATE +TIME +NODES\n\S+ +experiment +ok +.* s +3 ran\n/)
  })

  it("diff says which rows came and went, and which settings changed", async () => {
    const made = await json("diff")
    assert.deepStrictEqual(made.settings, [])
    const weigh = made.nodes.find(({ label }: any) => label === "weigh")
    assert.deepInclude(weigh.table.rows, { before: 3, after: 3, added: 1, removed: 1, changed: 0 })
    assert.deepStrictEqual(weigh.table.samples, { added: ["basalt"], removed: ["marble"], changed: [] })
    const { stdout } = await ask("diff", "latest~1", "latest", "--rows", "0")
    assert.match(stdout, /weigh +ran +1 added, 1 removed/)
    const same = await ask("diff", "latest", "latest")
    assert.match(same.stdout, /summary +ran +same/)
    assert.match(same.stderr, /the last run with other results: pipeline diff \S+ \S+/)
  })

  it("log has every line that --json printed, and one line of them for people", async () => {
    const { stdout } = await ask("log", "--json")
    assert.deepStrictEqual(
      stdout.trim().split("\n"),
      printed.filter((line) => !line.includes("\"Progress\"") || stdout.includes(line))
    )
    const { stdout: text } = await ask("log", "latest", "--node", "weigh")
    assert.match(text, /^ +\S+ s {2}start {5}weigh {2}words: word changed/m)
    assert.match(text, /done {6}weigh {2}1 row \(2 reused\)/)
    assert.notInclude(text, "summary")
    const first = await ask("log", "latest~1")
    assert.match(first.stdout, /run {7}experiment {2}3 nodes/)
    assert.match(first.stdout, /end {7}3 nodes ran/)
  })

  it("trace walks up to the file and down to the summary", async () => {
    const { row, up, down } = await json("trace", "weigh", "basalt")
    assert.deepInclude(row, { label: "weigh", row: "basalt", state: "ran" })
    assert.deepStrictEqual(up.map(({ label, next, row }: any) => [label, row, next[0].kind]), [[
      "words",
      "basalt",
      "source"
    ]])
    assert.deepStrictEqual(down.map(({ kind, label }: any) => [label, kind]), [["summary", "value"]])
    const alone = await ask("trace", "basalt")
    assert.match(alone.stdout, /^from\nwords {2}basalt/)
    assert.match(alone.stderr, /also a row of weigh/)
  })

  it("why of a row says since when it has its result, and what would change it", async () => {
    const kept = await project.call("why", "weigh", "granite", "--json")
    const [, first] = await json("ls", "--runs")
    assert.deepInclude(JSON.parse(kept.stdout), { state: "fresh", since: first.run })
    const { stdout } = await project.call("why", "weigh", "--set", "expensive=true")
    assert.match(stdout, /^weigh {2}[0-9a-f]{8} {2}fresh/)
  })

  it("each refuses what is not there with what there is", async () => {
    const cases = [
      [["trace", "nothing"], /no table of this run has a row of this name/],
      [["trace", "weig", "basalt"], /this run has no such node\n.*did you mean weigh\?/],
      [["diff", "2020"], /no run in this cache has this name/],
      [["log", "--node", "weig"], /says nothing of a node weig\n.*did you mean weigh\?/],
      [["show", "weig"], /no run in this cache has a node with this name\n.*did you mean weigh\?/]
    ] as const
    for (const [args, message] of cases) {
      const { exitCode, stderr, stdout } = await ask(...args)
      assert.deepStrictEqual([exitCode, stdout], [2, ""], args.join(" "))
      assert.match(stderr, message)
      assert.notMatch(stderr, /\n\s+at /)
    }
  })

  it("show reads one row of a run by its name", async () => {
    assert.deepStrictEqual((await json("show", "weigh", "--row", "basalt")).word, "basalt")
    const before = await ask("show", "weigh", "--row", "basalt", "--run", "latest~1")
    assert.strictEqual(before.exitCode, 2)
    assert.match(before.stderr, /no cell of its 3 rows equals basalt/)
  })
})

describe("a run that is killed", () => {
  it("is listed as killed, and its log ends with that", async () => {
    const server = await askingServer()
    const env = { ASKING_URL: server.url, ASKING_AT_ONCE: "1" }
    const run = start(["run", "test/runtime/cli/fixtures/asking.ts", "--cache", project.cache, "--json"], { env })
    server.onQuestion = () => run.kill("SIGKILL")
    await run.finished
    await server.close()
    const [latest] = await json("ls", "--runs")
    assert.strictEqual(latest.state, "killed")
    const { stderr, stdout } = await ask("log", "latest", "--follow") // ends by itself
    assert.match(stdout, /^ +0 s {2}run /)
    assert.match(stderr, /the run was killed; finished rows are kept/)
  })
})
