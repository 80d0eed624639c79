/**
 * What a user can say to a run, as the command line takes it: limits, signals, selections, decisions. The expert is a
 * server in this process, so that a test says at which moment what happens.
 */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "vitest"
import * as CacheStore from "../../../cache/Store.ts"
import type { Event } from "../../../runtime/Event.ts"
import { type Finished, readTable, start, type Started, temporaryFolder } from "../../support/pipeline.ts"
import { copyProject } from "../../faults/copyProject.ts"
import { ended, ran, rowsFound } from "../../support/whatRan.ts"
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

/** Resolves at the first event like this one. */
const seen = (run: Started, like: (event: Event) => boolean) =>
  new Promise<void>((resolve) => {
    const look = (event: Event) => void (like(event) && resolve())
    run.events.forEach(look)
    run.onEvent(look)
  })

const isStopped = ({ event }: Event) => event === "RunStopped"
const isFinished = (label: string) => (event: Event) => event.event === "NodeFinished" && event.label === label

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
    assert.match(
      stderr,
      /8 of 8 rows have no result\n[^]*\d of them were not tried after \d failures \(--max-failures\)/
    )
    assert.strictEqual(rowsFound(events, "verdicts")!.toRun, 8)
    // one more may have had its turn while the second failure was noted
    assert.include([2, 3], server.asked.length)
    assert.strictEqual(events.filter(({ event }) => event === "RowFailed").length, server.asked.length)
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
      "stopped: the budget of $3 is spent ($3.00); 2 of 3 nodes are left (verdicts: 5 rows); finished rows are kept: run the same command again to go on\n"
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
    await Promise.all([held.count(3), seen(run, isFinished("questions"))])
    run.kill("SIGINT")
    await seen(run, isStopped)
    held.release()
    const { events, exitCode, stderr } = await run.finished
    assert.strictEqual(exitCode, 130, stderr)
    assert.strictEqual(server.asked.length, 5)
    assert.deepStrictEqual(ended(events).stopped, { reason: "interrupted", text: "interrupted" })
    assert.match(
      stderr,
      /^stopped: interrupted; 2 of 3 nodes are left \(verdicts: 3 rows\); .*run the same command again/
    )
    const record = await Effect.runPromise(
      Effect.flatMap(CacheStore.Store, (store) => store.listRuns()).pipe(Effect.provide(CacheStore.layer(cache)))
    )
    assert.deepInclude(record[0], { ok: false, stopped: { reason: "interrupted", text: "interrupted" } })
    assert.strictEqual((await call("run", ...rows)).exitCode, 0)
    assert.strictEqual(server.asked.length, 8)
    assert.strictEqual((await readTable(cache, "verdicts"))["id"]!.length, 8)
  })

  it("a second time ends at once and keeps the rows that were done", async () => {
    const { begin, call } = project(3)
    const held = holding(2)
    const run = begin("run", ...rows)
    const durable = (event: Event) => event.event === "Progress" && event.label === "verdicts" && event.done === 2
    await Promise.all([held.count(3), seen(run, durable)])
    run.kill("SIGINT")
    await seen(run, isStopped)
    run.kill("SIGINT")
    const { events, exitCode } = await run.finished
    assert.strictEqual(exitCode, 130)
    assert.isUndefined(events.find(({ event }) => event === "RunFinished"))
    server.reset()
    assert.strictEqual((await call("run", ...rows)).exitCode, 0)
    assert.strictEqual(server.asked.length, 6)
  })
})

describe("SIGTERM", () => {
  it("ends a long body where it is and exits 143", async () => {
    const { begin } = project()
    const held = holding(0)
    const run = begin("run", "--until", "job", "--json")
    await Promise.all([held.count(1), seen(run, isFinished("questions"))])
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

describe("--stale=accept", () => {
  it("accepts what a run would ask about, also what it can only ask once it is under way, and goes on", async () => {
    const project = copyProject()
    const run = (...args: ReadonlyArray<string>) => project.call("run", "--json", "--set", "expensive=true", ...args)
    const accepted = () => Object.keys(JSON.parse(readFileSync(join(project.path, "pipeline.accepted.json"), "utf8")))
    try {
      assert.strictEqual((await run()).exitCode, 0)
      project.edit("nodes/weigh.ts", (text) => text.replace("weightOf(word),", "3 * weightOf(word),"))
      assert.strictEqual((await run()).exitCode, 4)
      const first = await run("--stale=accept")
      assert.deepStrictEqual([first.exitCode, ran(first.events)], [0, []], first.stderr)
      assert.strictEqual(accepted().length, 1)

      project.edit("nodes/words.ts", (text) => text.replace("word !== \"\"", "word.length > 0")) // the same words
      project.edit("nodes/weigh.ts", (text) => text.replace("3 * weightOf", "4 * weightOf"))
      const second = await run("--stale", "accept")
      assert.deepStrictEqual([second.exitCode, ran(second.events)], [0, ["words"]], second.stderr)
      assert.strictEqual(accepted().length, 2)
      assert.strictEqual((await run("--frozen")).exitCode, 0)
    } finally {
      project.remove()
    }
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
    const states = JSON.parse(plan.stdout).entries.map((
      node: { label: string; state: string }
    ) => [node.label, node.state])
    assert.sameDeepMembers(states, [["questions", "fresh"], ["verdicts", "fresh"], ["summary", "fresh"], [
      "job",
      "stale"
    ]])
    const part = JSON.parse((await call("plan", "--json", "--select", "job")).stdout).entries
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
    ["budget", ["--budget", "5eur"], /--budget: "5eur"\. Expected: an amount of money or time, for example 5usd/],
    ["slots", ["--slots", "gpu=0"], /--slots: "gpu=0"\. Expected: slots and how many/],
    ["number", ["--max-failures", "0"], /--max-failures: "?0"?\. Expected: 1 or more/],
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
