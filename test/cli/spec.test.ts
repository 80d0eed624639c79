/** `pipeline spec` as a user calls it: what it finds in a file, what it says of an edit, alone and beside runs. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { start } from "../support/pipeline.ts"
import { smallProject, type SmallRuns, smallRuns, specAfter } from "./smallRuns.ts"

let project: SmallRuns
beforeAll(async () => {
  project = await smallRuns()
})
afterAll(() => project.remove())

/** A command that is told of no cache. */
const alone = (folder: string, ...args: ReadonlyArray<string>) =>
  start(args, { cwd: folder, env: { PIPELINE_CACHE: join(folder, "none") } }).finished

describe("spec check", () => {
  const check = (...args: ReadonlyArray<string>) => alone(project.path, "spec", "check", ...args)

  it("warns with lines, says the same advice once, and takes the categories of another guard", async () => {
    const { exitCode, stderr, stdout } = await check("before.md")
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    const [vault, staff, manners, last] = stdout.trim().split("\n")
    assert.match(vault!, /^before\.md:3: warning: C1: no guard gives the category vault; known: S1, S2, /u)
    assert.strictEqual(staff, "before.md:9: warning: C2: no guard gives the category staff")
    assert.match(manners!, /^before\.md:15: warning: C3: it names no category and no words; /u)
    assert.strictEqual(last, "before.md: 3 clauses, 3 warnings")
    const told = await check("before.md", "--categories", "vault, staff")
    assert.notInclude(told.stdout, "no guard gives")
    assert.include(told.stdout, "before.md: 3 clauses, 1 warning\n")
  })

  it("ends with 2 where one of several files cannot be read, and says the others' all the same", async () => {
    writeFileSync(join(project.path, "twice.md"), "## C1: a\n\nx\n\n## C1: b\n\ny\n")
    const { exitCode, stdout } = await check("twice.md", "missing.md", "after.md")
    assert.strictEqual(exitCode, 2)
    assert.include(stdout, "twice.md:5: error: clause C1 is there twice, first on line 1; ")
    assert.include(stdout, "missing.md: error: there is no file missing.md; ")
    assert.include(stdout, "after.md: 4 clauses, 3 warnings\n")
    const json = await check("twice.md", "--json")
    assert.strictEqual(json.exitCode, 2)
    const [{ clauses, file, problems }] = JSON.parse(json.stdout)
    assert.deepStrictEqual([file, clauses, problems.length], ["twice.md", 0, 1])
    assert.deepInclude(problems[0], { level: "error", line: 5 })
  })
})

describe("spec diff", () => {
  it("compares two files where there is no run to ask", async () => {
    const empty = smallProject()
    try {
      const { exitCode, stderr, stdout } = await alone(empty.path, "spec", "diff", "before.md", "after.md")
      assert.deepStrictEqual([exitCode, stderr], [0, ""])
      assert.match(
        stdout,
        /^before\.md → after\.md\n\+ C4 Hours: new, .*shown where open\n~ C2: reworded, \d+ % alike\n$/u
      )
      const same = await alone(empty.path, "spec", "diff", "before.md", "before.md")
      assert.strictEqual(same.stdout, "before.md → before.md\nno clause differs\n")
      const needed = await alone(empty.path, "spec", "diff", "after.md")
      assert.strictEqual(needed.exitCode, 2)
      assert.match(needed.stderr, /^error: there is no cache in /u)
    } finally {
      empty.remove()
    }
  })

  it("counts the rows that the edit touches, and lists the verdicts that it turned", async () => {
    const { exitCode, stdout } = await project.ask("spec", "diff", "before.md", "after.md", "--json")
    assert.strictEqual(exitCode, 0)
    const { run: { experiment, flips, touched } } = JSON.parse(stdout)
    assert.strictEqual(experiment, "test/cli/fixtures/small")
    // C2 is shown to the second prompt's answers, C4 to the third's
    const twoOfThree = { touched: 2, rows: 3, distinctTouched: 2, distinct: 3 }
    assert.sameDeepMembers(touched.byRow, [
      { label: "critique", ...twoOfThree },
      { label: "otherCritique", touched: 0, rows: 1, distinctTouched: 0, distinct: 1 },
      { label: "judgements:base", ...twoOfThree },
      { label: "judgements:tuned", ...twoOfThree }
    ])
    assert.deepStrictEqual([touched.whole, touched.uncounted], [[], []])
    assert.sameDeepMembers(flips.nodes.map(({ common, label }: any) => [label, common]), [
      ["critique", 3],
      ["otherCritique", 1]
    ])
    const { clauses } = flips.nodes.find(({ label }: any) => label === "critique")
    const turned = clauses.filter((one: any) => one.toSafe + one.toUnsafe > 0)
    assert.deepStrictEqual(turned.map(({ samples: _, ...one }: any) => one), [
      { clauseId: "C2", judged: 1, toSafe: 1, toUnsafe: 0 }
    ])
    const [{ after, before }] = turned[0].samples
    assert.deepStrictEqual([after.sampleId, before.verdict, after.verdict], ["p2#0", "unsafe", "safe"])
    const text = await project.ask("spec", "diff", "before.md", "after.md", "--experiment", "test/cli/fixtures/small")
    assert.match(text.stdout, /\ncritique +2 +3 +2 +3\n/u)
    assert.include(text.stdout, "\notherCritique: no verdict of 1 pair flipped")
    assert.match(text.stdout, /\nC2 +1 +1 +0\n {2}p2#0 {2}unsafe → safe {2}who is on duty \? → anna , then ben\n/u)
  })

  it("compares one file with what the latest run had, and says what has not been judged yet", async () => {
    writeFileSync(join(project.path, "next.md"), specAfter.replace("be polite", "be kind and polite"))
    const { stdout } = await project.ask("spec", "diff", "next.md")
    assert.match(stdout, /^run \S+ → next\.md\n~ C3: reworded, /u)
    // a clause without categories and words is shown to every row
    assert.match(stdout, /\ncritique +3 +3 +3 +3\n/u)
    assert.include(stdout, "verdicts: only one version has been judged in this experiment")
    writeFileSync(join(project.path, "later.md"), specAfter.replace("be polite", "be kind"))
    const unread = await project.ask("spec", "diff", "next.md", "later.md")
    assert.match(unread.stdout, /^next\.md → later\.md\n~ C3: reworded, \d+ % alike\n$/u, "no run read either")
  })

  it("refuses a file that is no specification with its line", async () => {
    const { exitCode, stderr, stdout } = await project.ask("spec", "diff", "before.md", "twice.md")
    assert.deepStrictEqual([exitCode, stdout], [2, ""])
    assert.match(stderr, /^error: twice\.md:5: clause C1 is there twice, first on line 1\n {2}give every clause/u)
  })
})
