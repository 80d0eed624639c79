/** `pipeline why-trained` as a user calls it: steps, weights and the way back, worked by hand from the fixture's logs. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type SmallRuns, smallRuns } from "./smallRuns.ts"

let project: SmallRuns
beforeAll(async () => {
  project = await smallRuns()
})
afterAll(() => project.remove())

const why = (...args: ReadonlyArray<string>) => project.ask("why-trained", ...args)
const json = async (...args: ReadonlyArray<string>) => JSON.parse((await why(...args, "--json")).stdout)

/** What each training saw, without learning rates. */
const seen = (one: any) =>
  one.seen.map(({ as, label, rows }: any) => [label, as, rows.map((row: any) => [row.step, row.weight])])

describe("pipeline why-trained", () => {
  it("names the steps that saw an example and its prompt, and the way back", async () => {
    const first = await json("p2#0", "--run", "latest~1")
    // with C2 hidden both answers are unsafe, so the first step has two examples, this one with 6 of 8 tokens
    assert.deepStrictEqual(seen(first), [["tune", "example", [[1, 0.75]]], ["reinforce", "prompt", [[1, 1]]]])
    const [critique, ...others] = first.critiques
    assert.deepStrictEqual([critique.trainedBy, others], [["tune"], []])
    assert.deepInclude(critique.cells, { verdict: "unsafe", cited: ["C2"], shown: ["C2", "C3"] })
    assert.deepStrictEqual(critique.clauses.map(({ cited, clauseId }: any) => [clauseId, cited]), [["C2", true], [
      "C3",
      false
    ]])
    assert.deepInclude(first.prompt.cells, { promptId: "p2", prompt: "who is on duty ?", source: "a fixture" })
    const { exitCode, stderr, stdout } = await why("p2#0", "--run", "latest~1")
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    assert.include(stdout, "\ntune: seen in 1 of 2 steps, weight 0.75 in all\n")
    assert.match(stdout, /\n {2}STEP {2}WEIGHT {2}LEARNING RATE\n {5}1 {4}0\.75 {10}0\.001\n/u)
    assert.include(
      stdout,
      "\nreinforce: its prompt in 1 of 1 steps, weight 1 in all, 1 of 3 rewards unparsable\n"
        + "  STEP  WEIGHT  LEARNING RATE  REWARDS  ADVANTAGES\n"
        + "     1       1           0.25  0 1 –    -0.577 1.15 -0.577\n"
    )
    assert.include(stdout, "\ncritique: unsafe, cites C2, was shown C2, C3\n  it is unsafe\n")
    assert.include(stdout, "\nclause C2 Staff (cited)\n  names of staff are hidden\n")
    assert.include(
      stdout,
      "\nprompt p2: label harmful, set all, family plain, topic p2, source a fixture\n  who is on duty ?\n"
    )
  })

  it("adds up the steps of one example, by its share of each step's loss; what moved nothing has weight 0", async () => {
    assert.sameDeepMembers(seen(await json("p1#0")), [
      ["tune", "example", [[1, 1], [2, 1]]],
      ["reinforce", "prompt", [[1, 0]]],
      ["otherTune", "example", [[1, 1], [2, 1]]]
    ])
  })

  it("keeps apart what trainings learnt under one name from different answers", async () => {
    const { critiques } = await json("p1#0")
    assert.sameDeepMembers(
      critiques.map(({ cells, label, trainedBy }: any) => [label, trainedBy, cells.answer.slice(0, 5)]),
      [["critique", ["tune"], "seven"], ["otherCritique", ["otherTune"], "two"]]
    )
    const { stdout } = await why("p1#0")
    assert.include(stdout, "\nanswer (answer) in otherCritique, for otherTune\n  two\n")
  })

  it("is where trace goes on to from a metric: policy, examples by weight, critiques, clauses, prompts", async () => {
    const { exitCode, stderr, stdout } = await project.ask(
      "trace",
      "scores:tuned",
      "attackSuccess",
      "--run",
      "latest~1"
    )
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    const [up] = stdout.split("\nto\n")
    const lines = up!.split("\n").map((line) => line.replace(/^[│├└─ ]+/u, ""))
    const after = (start: RegExp, from = 0) => {
      const at = lines.findIndex((line, i) => i >= from && start.test(line))
      assert.isAtLeast(at, from, `${start} in\n${up}`)
      return at
    }
    const policy = after(/^reinforce +folder/u, after(/^judgements:tuned/u))
    const tuned = after(/^tune +folder/u, policy)
    // over both steps p1#0 weighs 2 of 8 tokens and then all, p2#0 6 of 8
    const first = after(/^critique +p1#0 +moved it in 2 of 2 steps, weight 1\.25 /u, tuned)
    after(/^loadSpec +table +given C1 \(cited, shown\), C3 \(shown\)/u, first)
    after(/^critique +p2#0 +moved it in 1 of 2 steps, weight 0\.75 /u, first)
  })

  it("says why an example was not trained on", async () => {
    const { stdout } = await why("p3#0")
    assert.include(stdout, "no optimiser step saw it itself\ntune: left out, too long with 999 tokens\n")
    // after the edit the expert calls it safe, and the fixture trains on unsafe answers only
    const opened = await json("p2#0")
    assert.deepStrictEqual(seen(opened), [["reinforce", "prompt", [[1, 1]]]])
    assert.strictEqual(opened.critiques[0].cells.verdict, "safe")
  })

  it("takes a prompt and lists the answers to it", async () => {
    const { stdout } = await why("p1")
    assert.include(stdout, "tune: other answers to the prompt in 2 of 2 steps, weight 2 in all\n")
    assert.match(stdout, /\n +2 +1 +0\.0005 {2}p1#0\n/u)
    assert.include(stdout, "\nanswers to it that were judged\n  p1#0\n")
  })

  it("shows what a model wrote as text", async () => {
    const { stdout } = await why("p1#0")
    assert.include(stdout, "\n  seven <script>alert(1)</script> <img src=x onerror=alert(2)> ␛[31m ```\n")
    assert.notInclude(stdout, "\u001b")
  })

  it("refuses a name that nothing has, with one that it knows", async () => {
    const { exitCode, stderr, stdout } = await why("p9#0")
    assert.deepStrictEqual([exitCode, stdout], [2, ""])
    assert.match(stderr, /^error: p9#0: .* knows no example and no prompt of this name\n.*for example p1#0\n/u)
  })
})
