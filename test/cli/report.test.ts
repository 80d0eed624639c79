/** `pipeline report` as a user calls it: both files, what they hold, and that nothing a model wrote acts in them. */
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as CacheStore from "../../cache/Store.ts"
import { type SmallRuns, smallRuns } from "./smallRuns.ts"

let project: SmallRuns
/** Another experiment has run since: `latest~1` counts within the one that is asked for. */
beforeAll(async () => {
  project = await smallRuns()
  const store = CacheStore.layer(project.cache)
  const startedAt = new Date(Date.now() + 1000).toISOString()
  const other = { run: "9999-other", experiment: "other", startedAt, finishedAt: startedAt, ok: true, nodes: [] }
  await Effect.runPromise(Effect.flatMap(CacheStore.Store, ({ putRun }) => putRun(other)).pipe(Effect.provide(store)))
})
afterAll(() => project.remove())

const small = "test/cli/fixtures/small"
const report = (...args: ReadonlyArray<string>) => project.ask("report", "--experiment", small, ...args)
const written = (file: string): string => readFileSync(join(project.path, file), "utf8")

/** Section titles of Markdown. */
const titles = (markdown: string): ReadonlyArray<string> =>
  [...markdown.matchAll(/^## (.*)$/gmu)].map(([, title]) => title!)

const sections = [
  "Results",
  "Change from base",
  "Rewards of stage 2",
  "All measures",
  "Configuration",
  "Time and cost",
  "Sample transcripts"
]

describe("pipeline report", () => {
  it("prints the report with costs, transcripts and provenance of the latest run", async () => {
    const { exitCode, stderr, stdout } = await report()
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    assert.deepStrictEqual(titles(stdout), [...sections, "Provenance"])
    // the second run: C2 is open, so telling who is on duty is safe
    assert.match(stdout, /\| attack success, all ↓ \| +2 \| +50\.0 \(/u)
    assert.match(stdout, /\n\| critique \| ran \| 3 \| 1 \| \d/u)
    assert.match(stdout, /\n\| loadPrompts \| fresh \| 3 \| 0 \| \d/u)
    assert.match(stdout, /\n\| results of earlier runs \| \d+ of 26: \S+ \|\n/u)
    assert.match(stdout, /\n\| specification loadSpec \| [0-9a-f]{16}, 4 clauses \|\n/u)
    assert.include(stdout, "| service sinternal/nodes/Expert | expert of the fixture |")
    assert.include(stdout, "### An attack that works on base, not on tuned: all, p1#0\n")
    assert.include(stdout, "### A benign request that tuned refuses: all, p3#0\n")
    assert.include(stdout, "*tuned: answer (refusal, safe)*\n\n```text\ni keep that\n```\n")
  })

  it("shows what a model wrote as text: no control character, no end of a block, no markup", async () => {
    const { stdout } = await report("--run", "latest~1")
    assert.include(stdout, "\n````text\nseven <script>alert(1)</script> <img src=x onerror=alert(2)> ␛[31m ```\n````\n")
    assert.notInclude(stdout, "\u001b")
    const { exitCode } = await report("--to", "page.html")
    assert.strictEqual(exitCode, 0)
    const html = written("page.html")
    assert.include(html, "seven &lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=alert(2)&gt; ␛[31m ```")
    assert.notInclude(html, "<script")
    assert.notInclude(html, "\u001b")
  })

  it("writes one HTML file that refers to nothing outside, with the differences to another run", async () => {
    const { stdout } = await report("--against", "latest~1", "--to", "both.html")
    assert.strictEqual(stdout, "both.html\n")
    const html = written("both.html")
    const found = [...html.matchAll(/<h2>(.*?)<\/h2>/gu)].map(([, title]) => title!.replace(/ \S+Z-\w+$/u, ""))
    assert.deepStrictEqual(found, [
      "Pictures",
      ...sections.slice(0, 5),
      "Differences to run",
      ...sections.slice(5),
      "Provenance"
    ])
    assert.strictEqual(html.match(/<svg /gu)?.length, 2)
    assert.notMatch(html.replaceAll("http://www.w3.org/2000/svg", ""), /https?:|<[^>]*src=|@import|url\(/u)
    // attack success of base: 2 of 2 before, 1 of 2 now
    assert.match(html, /<td>attack success, all ↓<\/td><td>base<\/td><td[^>]*>100\.0<\/td><td[^>]*>50\.0<\/td>/u)
    assert.include(html, "before.md")
  })

  it("writes Markdown with its pictures beside it", async () => {
    const { stdout } = await report("--to", "three.md", "--json")
    const said = JSON.parse(stdout)
    assert.deepStrictEqual(said.files, ["three.md", "three-1.svg", "three-2.svg"])
    assert.deepInclude(said, { experiment: small, node: "report" })
    assert.strictEqual(said.input.title, "Three prompts")
    const markdown = written("three.md")
    assert.include(markdown, "![Attack success (lower is better)](three-1.svg)")
    assert.match(written("three-2.svg"), /^<svg [^]*Over-refusal[^]*<\/svg>$/u)
    assert.includeMembers(readdirSync(project.path), ["three-1.svg", "three-2.svg"])
  })

  it("refuses a run without a report", async () => {
    const { exitCode, stderr } = await project.ask("report")
    assert.strictEqual(exitCode, 2)
    assert.match(stderr, /^error: run 9999-other of other: its pipeline makes no report\n/u)
  })

  it("refuses what is not there with what there is", async () => {
    const cases = [
      [["--to", "page.pdf"], /page\.pdf ends in neither \.html nor \.md/u],
      [["--to", "no/such/folder.md"], /no\/such\/folder\.md could not be written/u],
      [["--node", "repor"], /it has no report repor\n.*did you mean report\?/u],
      [["--run", "2020"], /no run in this cache has this name/u]
    ] as const
    for (const [args, message] of cases) {
      const { exitCode, stderr, stdout } = await report(...args)
      assert.deepStrictEqual([exitCode, stdout], [2, ""], args.join(" "))
      assert.match(stderr, message)
    }
  })

  it("gives `pipeline diff` the headline rates that differ, with the interval of each change", async () => {
    const ask = (...args: ReadonlyArray<string>) => project.ask("diff", "--experiment", small, ...args)
    const { reports } = JSON.parse((await ask("--json")).stdout)
    // C2 opens: of two attacks the base's one and the tuned policy's only one no longer count
    const changes = reports[0].rates.map(({ arm, before, measure, now }: any) => [measure, arm, before, now])
    assert.deepStrictEqual([reports.length, changes], [1, [
      ["attack success, all ↓", "base", { hits: 2, n: 2 }, { hits: 1, n: 2 }],
      ["attack success, all ↓", "tuned", { hits: 1, n: 2 }, { hits: 0, n: 2 }]
    ]])
    const { exitCode, stdout } = await ask()
    assert.strictEqual(exitCode, 0)
    // Wilson's 34.2 to 100 of 2/2 and 9.5 to 90.5 of 1/2: -50 - hypot(40.5, 0) and -50 + hypot(40.5, 65.8)
    assert.match(stdout, /\n *attack success, all ↓ +base +100\.0 +50\.0 +-50\.0 \[-90\.5, \+27\.3\]\n/u)
  })
})
