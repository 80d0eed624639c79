/**
 * What a user can say to a run, as the command line takes it: limits, signals, selections, decisions. The expert is a
 * server in this process, so that a test says at which moment what happens.
 */
import { join } from "node:path"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "vitest"
import { type Finished, readTable, start, type Started, temporaryFolder } from "../../support/pipeline.ts"
import { ended, ran, rowsFound } from "../../faults/happened.ts"
import { type AskingServer, askingServer, type Question } from "./askingServer.ts"

let server: AskingServer
const folder = temporaryFolder()
let caches = 0

beforeAll(async () => void (server = await askingServer()))
afterEach(() => server.reset())
afterAll(async () => {
  await server.close()
  folder.remove()
})

/** Commands over one new cache. */
const project = (atOnce = 4) => {
  const cache = join(folder.path, `cache${caches++}`)
  const begin = (command: string, ...args: ReadonlyArray<string>): Started =>
    start([command, "test/runtime/cli/fixtures/asking.ts", "--cache", cache, ...args], {
      env: { ASKING_URL: server.url, ASKING_AT_ONCE: String(atOnce) }
    })
  return {
    cache,
    begin,
    call: (command: string, ...args: ReadonlyArray<string>): Promise<Finished> => begin(command, ...args).finished
  }
}

const rows = ["--until", "summary", "--json"] as const

/** Holds questions from this number on; `all` lets them go. */
const holding = (from: number) => {
  const held: Array<Question> = []
  let open = false
  const waiting: Array<() => void> = []
  server.onQuestion = (question, number) => {
    if (open || number < from) return question.answer()
    held.push(question)
    for (const resolve of waiting) resolve()
  }
  return {
    /** Resolves once so many are held. */
    count: (n: number) =>
      new Promise<void>((resolve) => {
        const look = () => held.length >= n && resolve()
        waiting.push(look)
        look()
      }),
    release: () => {
      open = true
      for (const question of held) question.answer()
    }
  }
}

const onEvent = (run: Started, name: string) =>
  new Promise<void>((resolve) => run.onEvent(({ event }) => event === name && resolve()))

describe("failures that pass", () => {
  it("are tried again, counted, and leave no trace in the result", async () => {
    const { cache, call } = project()
    server.onQuestion = (question, number) => {
      if (number === 0) question.refuse(429)
      else if (number === 3) question.refuse(503)
      else question.answer()
    }
    const { events, exitCode, stderr } = await call("run", ...rows)
    assert.strictEqual(exitCode, 0, stderr)
    const retried = events.flatMap((event) => event.event === "RowRetried" ? [event] : [])
    assert.deepStrictEqual(retried.map((event) => event.class).sort(), ["rate-limit", "server"])
    assert.match(retried[0]!.row, /^q\d$/)
    assert.deepStrictEqual(ended(events).rows, { ran: 8, fresh: 0, failed: 0, retries: 2 })
    assert.strictEqual(server.asked.length, 10)
    const table = await readTable(cache, "verdicts")
    assert.deepStrictEqual(table["verdict"], Array.from({ length: 8 }, () => "safe"))
  })

  it("fail the row once patience is at its end, with the number of attempts", async () => {
    const { call } = project()
    server.onQuestion = (question) => question.text.includes("question 5") ? question.refuse(503) : question.answer()
    const { events, exitCode, stderr } = await call("run", ...rows)
    assert.strictEqual(exitCode, 1)
    assert.match(stderr, /1 of 8 rows have no result\n {4}row q5: .*answered 503: status 503.*\(3 attempts\)/)
    assert.deepStrictEqual(ended(events).rows, { ran: 7, fresh: 0, failed: 1, retries: 2 })
    server.reset()
    assert.strictEqual((await call("run", ...rows)).exitCode, 0)
    assert.strictEqual(server.asked.length, 1)
  })

  it("of a single call do not begin a long body anew", async () => {
    const { call } = project()
    server.onQuestion = (question, number) => number < 2 ? question.refuse(429) : question.answer()
    const { events, exitCode, stderr } = await call("run", "--until", "job", "--json")
    assert.strictEqual(exitCode, 0, stderr)
    assert.deepStrictEqual(
      events.flatMap((event) => event.event === "RowRetried" ? [[event.label, event.attempt]] : []),
      [["job", 1], ["job", 2]]
    )
  })
})

describe("too many failures", () => {
  it("start no more rows of the node", async () => {
    const { call } = project(1)
    server.onQuestion = (question) => question.refuse(400)
    const { events, exitCode, stderr } = await call("run", ...rows, "--max-failures", "2", "--slots", "api=1")
    assert.strictEqual(exitCode, 1)
    assert.include(stderr, "--max-failures")
    assert.isAtLeast(events.filter(({ event }) => event === "RowFailed").length, 2)
    assert.strictEqual(rowsFound(events, "verdicts")!.toRun, 8)
    assert.isBelow(server.asked.length, 8)
  })
})

describe("a budget", () => {
  it("lets what runs end, exits 3, says what is left, and the same command goes on", async () => {
    const { call } = project(1)
    server.onQuestion = (question) => question.answer(1)
    const first = await call("run", ...rows, "--slots", "api=1", "--budget", "3usd")
    assert.strictEqual(first.exitCode, 3, first.stderr)
    assert.strictEqual(
      first.stderr,
      "stopped: the budget of $3 is spent ($3.00); 2 of 3 nodes are left (verdicts: 5 rows); what is done is kept: run the same command again to go on\n"
    )
    assert.strictEqual(server.asked.length, 3)
    assert.deepInclude(ended(first.events), {
      ok: false,
      stopped: { reason: "budget", text: "the budget of $3 is spent ($3.00)" }
    })
    const second = await call("run", ...rows, "--budget", "100usd,5h")
    assert.strictEqual(second.exitCode, 0, second.stderr)
    assert.strictEqual(server.asked.length, 8)
  })
})

describe("Ctrl-C", () => {
  it("lets rows in flight end, starts no others, exits 130, and the same command does the rest", async () => {
    const { begin, cache, call } = project(3)
    const held = holding(2)
    const run = begin("run", ...rows)
    const stopped = onEvent(run, "RunStopped")
    await held.count(3)
    run.kill("SIGINT")
    await stopped
    held.release()
    const { events, exitCode, stderr } = await run.finished
    assert.strictEqual(exitCode, 130, stderr)
    assert.strictEqual(server.asked.length, 5)
    assert.deepStrictEqual(ended(events).stopped, { reason: "interrupted", text: "interrupted" })
    assert.match(
      stderr,
      /^stopped: interrupted; 2 of 3 nodes are left \(verdicts: 3 rows\); .*run the same command again/
    )
    assert.include((await call("ls", "--runs", "--json")).stdout, "stopped")
    assert.strictEqual((await call("run", ...rows)).exitCode, 0)
    assert.strictEqual(server.asked.length, 8)
    assert.strictEqual((await readTable(cache, "verdicts"))["id"]!.length, 8)
  })

  it("a second time ends at once and keeps the rows that were done", async () => {
    const { begin, call } = project(3)
    const held = holding(2)
    const run = begin("run", ...rows)
    const stopped = onEvent(run, "RunStopped")
    await held.count(3)
    run.kill("SIGINT")
    await stopped
    run.kill("SIGINT")
    const { events, exitCode } = await run.finished
    assert.strictEqual(exitCode, 130)
    assert.isUndefined(events.find(({ event }) => event === "RunFinished"))
    server.reset()
    assert.strictEqual((await call("run", ...rows)).exitCode, 0)
    assert.strictEqual(server.asked.length, 6)
  })

  it("ends a command that only looks", async () => {
    const { begin } = project()
    const plan = begin("plan")
    plan.kill("SIGINT")
    assert.notStrictEqual((await plan.finished).exitCode, 0)
  })
})

describe("SIGTERM", () => {
  it("ends a long body where it is and exits 143", async () => {
    const { begin } = project()
    const held = holding(0)
    const run = begin("run", "--until", "job", "--json")
    await held.count(1)
    run.kill("SIGTERM")
    const { events, exitCode } = await run.finished // although the call was never answered
    assert.strictEqual(exitCode, 143)
    assert.deepStrictEqual(ended(events).stopped, { reason: "interrupted", text: "told to end (SIGTERM)" })
    assert.deepStrictEqual(ran(events), ["questions"])
  })
})

describe("a frozen run", () => {
  it("names what is not in the cache and runs nothing, or finds everything", async () => {
    const { call } = project()
    const miss = await call("run", ...rows, "--frozen")
    assert.strictEqual(miss.exitCode, 4)
    assert.match(miss.stderr, /--frozen: 3 nodes are not in the cache.*\n.*questions \(stale\): has not run yet\n/)
    assert.deepStrictEqual(ran(miss.events), [])
    assert.strictEqual((await call("run", ...rows)).exitCode, 0)
    assert.strictEqual((await call("run", ...rows, "--frozen")).exitCode, 0)
    assert.strictEqual((await call("run", "--frozen")).exitCode, 4) // the job
  })
})

describe("a selection", () => {
  it("runs itself and nothing else", async () => {
    const { call } = project()
    const first = await call("run", "--select", "questions", "--json")
    assert.strictEqual(first.exitCode, 0, first.stderr)
    assert.deepStrictEqual(ran(first.events), ["questions"])
    assert.strictEqual(ended(first.events).nodes.total, 1)
    const second = await call("run", "--from", "verdicts", "--json")
    assert.deepStrictEqual(ran(second.events), ["verdicts", "summary"])
    const plan = await call("plan", "--json")
    const states = JSON.parse(plan.stdout).nodes.map((
      node: { label: string; state: string }
    ) => [node.label, node.state])
    assert.sameDeepMembers(states, [["questions", "fresh"], ["verdicts", "fresh"], ["summary", "fresh"], [
      "job",
      "stale"
    ]])
    const part = JSON.parse((await call("plan", "--json", "--select", "job")).stdout).nodes
    assert.deepStrictEqual(part.map((node: { label: string }) => node.label), ["job"])
  })

  it("is refused where it leaves out what it needs, with the selection that has it", async () => {
    const { call } = project()
    const { events, exitCode, stderr } = await call("run", "--select", "verdicts", "--json")
    assert.strictEqual(exitCode, 4)
    assert.include(stderr, "verdicts reads questions, which is stale and not selected")
    assert.include(stderr, "--select '+verdicts'")
    assert.deepStrictEqual(ran(events), [])
  })
})

describe("a wrong flag", () => {
  const wrong: ReadonlyArray<readonly [title: string, args: ReadonlyArray<string>, message: RegExp]> = [
    ["node", ["--select", "+verdict+"], /--select \+verdict\+: there is no such node\n.*did you mean verdicts\?/],
    ["budget", ["--budget", "5eur"], /"5eur" is not an amount of money or time, for example 5usd/],
    ["slots", ["--slots", "gpu=0"], /"gpu=0" is not a slot/],
    ["number", ["--max-failures", "0"], /0 is not 1 or more/],
    ["setting", ["--set", "question=3"], /--set question: there is no such setting\n.*did you mean questions/],
    ["nested setting", ["--set", "mod.tone=kind"], /did you mean mood\.tone/],
    ["group of settings", ["--set", "mood=kind"], /--set mood: there is no such setting\n.*mood\.tone/],
    ["type of a setting", ["--set", "questions=many"], /`questions` cannot be "many"\n.*declared: 8/],
    ["value of a setting", ["--set", "mood.tone=rude"], /`mood\.tone` cannot be "rude"\n.*"kind".*"plain"/],
    ["setting without value", ["--set", "questions"], /--set questions has no value/]
  ]
  for (const [title, args, message] of wrong) {
    it(`(${title}) is told in one message, with exit code 2`, async () => {
      const { exitCode, stderr } = await project().call("run", ...args)
      assert.match(stderr, message)
      assert.strictEqual(exitCode, 2)
      assert.notInclude(stderr, "    at ")
    })
  }

  it("that names a slot no node has is told, and the run goes on", async () => {
    const { exitCode, stderr } = await project().call("run", "--slots", "apis=2", "--progress", "plain")
    assert.include(stderr, "no node of this graph has the slot apis (slots: api)")
    assert.strictEqual(exitCode, 0)
  })
})
