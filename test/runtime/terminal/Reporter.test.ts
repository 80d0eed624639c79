/**
 * The reporter in its modes, on a terminal and a clock of our own: frames by hand at 60, 80 and 120 columns, and for
 * any sequence of events that nothing is drawn too wide, too high, over something else or left behind.
 */
import { EventEmitter } from "node:events"
import { assert, describe, it } from "vitest"
import type { Event } from "../../../runtime/Event.ts"
import * as Reporter from "../../../runtime/terminal/Reporter.ts"
import { displayWidth } from "../../../runtime/terminal/text.ts"
import { Screen } from "./Screen.ts"

const key = "ab".repeat(32)

/** A reporter on a screen of its own; `tick` lets time pass and draws. */
const start = (mode: Reporter.Mode, columns = 80, rows = 24) => {
  const screen = new Screen(columns, rows)
  const size = { columns, rows }
  const timer = { nowMs: 0, everyMs: 0, draw: () => {}, stopped: 0 }
  const reporter = Reporter.make({
    mode,
    stream: screen,
    columns: () => size.columns,
    rows: () => size.rows,
    now: () => timer.nowMs,
    style: (_, text) => text,
    schedule: (draw, everyMs) => {
      Object.assign(timer, { draw, everyMs })
      return () => void timer.stopped++
    }
  })
  const tick = (ms: number) => {
    timer.nowMs += ms
    timer.draw()
  }
  return { ...reporter, screen, size, timer, tick }
}

/** Seven seconds of a run: ten rows a second of one node, one training arm without a rate yet, three fresh nodes. */
const busy = (columns: number, rows = 24) => {
  const run = start("live", columns, rows)
  const { emit } = run
  emit({ event: "RunStarted", run: "01J", experiment: "experiments/quickstart", nodes: 8 })
  for (const label of ["spec", "prompts", "guard"]) emit({ event: "NodeFresh", label, key })
  emit({ event: "NodeStarted", label: "critique", key, why: "clauses: C7 changed" })
  emit({ event: "RowsFound", label: "critique", total: 4800, fresh: 4600, toRun: 200 })
  for (let done = 0; done < 70; done += 10) {
    run.tick(1000)
    emit({ event: "Progress", label: "critique", done: done + 10, total: 200, usd: 0.05 })
  }
  emit({ event: "NodeStarted", label: "verifySft[fraction=0.25]", key, why: "has not run yet" })
  run.tick(100)
  return run
}

describe("live", () => {
  it("shows a line for each node that runs, fields dropping with the width", () => {
    const head = "experiments/quickstart  8 nodes  run 01J"
    const totals = "= 3 fresh  0 ran  of 8  7.1 s  $0.05"
    assert.deepStrictEqual(busy(120).screen.text, [
      head,
      "⠙ critique                   70/200  ━━━━────────    10.0/s  ETA 13 s       $0.05  clauses: C7 changed",
      "⠙ verifySft[fraction=0.25]    0.1 s                                                has not run yet",
      totals
    ])
    assert.deepStrictEqual(busy(80).screen.text, [
      head,
      "⠙ critique           70/200    10.0/s  ETA 13 s       $0.05  clauses: C7 changed",
      "⠙ veri…ction=0.25]    0.1 s                                  has not run yet",
      totals
    ])
    assert.deepStrictEqual(busy(60).screen.text, [
      head,
      "⠙ critique         70/200  ETA 13 s       $0.05  clauses: C…",
      "⠙ ver…tion=0.25]    0.1 s                        has not ru…",
      totals
    ])
  })

  it("holds the ETA back until there are five seconds of data", () => {
    const { emit, screen, tick } = start("live", 120)
    emit({ event: "NodeStarted", label: "critique", key, why: "" })
    emit({ event: "Progress", label: "critique", done: 100, total: 1000 })
    tick(4900)
    emit({ event: "Progress", label: "critique", done: 149, total: 1000 })
    tick(0)
    assert.include(screen.text[0]!, "ETA - ")
    tick(100)
    assert.include(screen.text[0]!, "ETA 1 m 2") // 851 rows at about 10 a second
  })

  it("caps what it draws to the screen and says how much more there is", () => {
    const { emit, screen, tick } = start("live", 80, 5)
    for (let i = 0; i < 9; i++) emit({ event: "NodeStarted", label: `arm${i}`, key, why: "" })
    tick(0)
    assert.deepStrictEqual(screen.text, ["⠋ arm0  0 s", "⠋ arm1  0 s", "… 7 more", "= 0 fresh  0 ran  of 0  0 s"])
  })

  it("counts retries, says what a node waits for and that a run is stopping", () => {
    const { close, emit, screen, tick } = start("live", 120)
    emit({ event: "NodeStarted", label: "critique", key, why: "" })
    emit({ event: "NodeWaiting", label: "critique", key, for: "another run on this cache" })
    tick(100)
    assert.include(screen.text[0]!, "waits for another run on this cache")
    const retried = { event: "RowRetried", label: "critique", class: "server", delayMs: 900, reason: "503" } as const
    emit({ event: "Progress", label: "critique", done: 1, total: 9 })
    for (const attempt of [1, 2]) emit({ ...retried, row: "p1", attempt })
    emit({ event: "RunStopped", reason: "interrupted", text: "interrupted" })
    tick(100)
    assert.strictEqual(screen.text[0], "! stopping: interrupted")
    assert.match(screen.text[1]!, /critique .*1\/9.* 2 retries/)
    assert.notInclude(screen.text[1]!, "waits for")
    assert.match(screen.text[2]!, /stopping$/)
    close()
  })

  it("scrolls ends above what runs: finished in a line, failures in full, the first failed row", () => {
    const { close, emit, screen, timer, tick } = busy(60)
    emit({ event: "RowFailed", label: "critique", row: "p1/0", reason: "429 \x1b[31mslow\ndown" })
    emit({ event: "RowFailed", label: "critique", row: "p2/0", reason: "429" })
    emit({ event: "Nondeterministic", label: "critique", key })
    const rows = { ran: 200, fresh: 4600, failed: 0 }
    emit({ event: "NodeFinished", label: "critique", key, durationMs: 6300, usd: 0.42, rows, unchanged: true })
    const reason =
      `verifySft[fraction=0.25] (abababab) failed: the trainer ended with exit code 1\n  look at trainer.log`
    emit({ event: "NodeFailed", label: "verifySft[fraction=0.25]", reason })
    emit({ event: "NodeSkipped", label: "report", because: "verifySft[fraction=0.25]" })
    tick(100)
    assert.isFalse(screen.cursorVisible)
    const above = [
      "experiments/quickstart  8 nodes  run 01J",
      "! critique  first failed row p1/0: 429 ␛[31mslow↵down",
      "! critique  gave another result than before for the same ke…",
      "✓ critique  200 rows (4,600 reused)  6.3 s  $0.42  same res…",
      "✗ verifySft[fraction=0.25] (abababab) failed: the trainer",
      "  ended with exit code 1",
      "    look at trainer.log"
    ]
    assert.deepStrictEqual(screen.text, [...above, "= 3 fresh  1 ran  1 failed  1 skipped  of 8  7.2 s  $0.42"])
    close()
    assert.deepStrictEqual(screen.text, [...above, "= 3 fresh", "- 1 skipped"])
    assert.isTrue(screen.cursorVisible)
    assert.strictEqual(timer.stopped, 1)
    const { frames } = screen
    close()
    emit({ event: "NodeFresh", label: "late", key })
    assert.strictEqual(screen.frames, frames)
  })

  it("says a reason once while it stays the same", () => {
    const { close, emit, screen } = start("live")
    for (const [label, why] of [["a", "new"], ["b", "new"], ["c", "lr: 1 → 2"], ["d", "new"]] as const) {
      emit({ event: "NodeStarted", label, key, why })
      emit({ event: "NodeFinished", label, key, durationMs: 0, usd: 0, unchanged: false })
    }
    close()
    assert.deepStrictEqual(screen.text, ["✓ a  0 s  new", "✓ b  0 s", "✓ c  0 s  lr: 1 → 2", "✓ d  0 s  new"])
  })

  it("names a failed node where its reason does not", () => {
    const { close, emit, screen } = start("live")
    emit({ event: "NodeFailed", label: "rollout", reason: "out of memory" })
    close()
    assert.deepStrictEqual(screen.text, ["✗ rollout: out of memory"])
  })

  it("redraws by its timer only, at most ten times a second, and leaves frames out while the reader is behind", () => {
    const { emit, screen, tick, timer } = start("live")
    assert.isAtLeast(timer.everyMs, 100)
    emit({ event: "NodeStarted", label: "a", key, why: "" })
    for (let done = 0; done < 1000; done++) emit({ event: "Progress", label: "a", done, total: 1000 })
    assert.strictEqual(screen.frames, 0)
    tick(100)
    assert.strictEqual(screen.frames, 1)
    Object.assign(screen, { writableNeedDrain: true })
    tick(100)
    assert.strictEqual(screen.frames, 1)
  })

  it("puts texts of others above what it draws", () => {
    const { close, log, screen, tick } = busy(60)
    log("a warning of somebody else that is longer than the terminal is wide")
    tick(100)
    assert.deepStrictEqual(screen.text.slice(1, 3), [
      "a warning of somebody else that is longer than the terminal",
      "is wide"
    ])
    assert.include(screen.text[3]!, "critique")
    close()
    assert.lengthOf(screen.text, 4)
  })

  it("counts its lines anew when the window has become narrower", () => {
    const run = busy(120)
    run.size.columns = 60
    const written: Array<string> = []
    run.screen.write = (text) => written.push(text) > 0
    run.tick(100)
    // 98 and 94 columns take two lines of 60 each, the totals one
    assert.include(written[0]!, "\x1b[5A")
  })

  it("draws nothing too wide, too high, over something or left behind, whatever happens", () => {
    for (let seed = 1; seed <= 60; seed++) {
      let state = seed * 2654435761 >>> 0
      const random = (
        below: number
      ) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0, Math.floor(state / 2 ** 32 * below))
      const columns = 8 + random(112)
      const run = start("live", columns, 2 + random(20))
      const done: Array<string> = []
      for (let i = 0; i < 80; i++) {
        const label = ["a", "verifySft[fraction=0.25]", "你好", "\x1b[2J", "x".repeat(200)][random(5)]!
        switch (random(8)) {
          case 0:
            run.emit({ event: "NodeStarted", label, key, why: "why\n".repeat(random(20)) })
            break
          case 1:
            run.emit({ event: "RowsFound", label, total: 10, fresh: 3, toRun: 7 })
            break
          case 2:
            run.emit({
              event: "Progress",
              label,
              done: random(9),
              total: random(9),
              detail: "loss 0.1 👩‍👧",
              usd: random(3)
            })
            break
          case 3:
            run.emit({ event: "RowFailed", label, row: "r", reason: "\r\n\x1b]0;title\x07" })
            break
          case 4:
            run.emit({ event: "NodeFresh", label, key })
            break
          case 5:
            run.emit({ event: "NodeFinished", label, key, durationMs: random(1e6), usd: random(2), unchanged: false })
            done.push("✓")
            break
          case 6:
            run.emit({ event: "NodeFailed", label, reason: "a reason of several words\nand lines" })
            done.push("✗")
            break
          default:
            run.tick(random(2000))
        }
      }
      run.close()
      assert.deepStrictEqual(run.screen.problems, [])
      assert.deepStrictEqual(
        run.screen.text.map((line) => line[0]).filter((mark) => mark === "✓" || mark === "✗"),
        done
      )
      for (const line of run.screen.text) assert.isAtMost(displayWidth(line), columns)
      assert.isTrue(run.screen.cursorVisible)
    }
  })
})

describe("plain", () => {
  it("says the first retry, that a node waits and that the run is stopping", () => {
    const { emit, screen } = start("plain", 200)
    emit({ event: "NodeStarted", label: "critique", key, why: "" })
    emit({ event: "NodeWaiting", label: "critique", key, for: "another run on this cache" })
    const retried = { event: "RowRetried", label: "critique", class: "server", delayMs: 900, reason: "503" } as const
    for (const attempt of [1, 2]) emit({ ...retried, row: "p1", attempt })
    emit({ event: "RunStopped", reason: "interrupted", text: "interrupted" })
    assert.deepStrictEqual(screen.text, [
      "start   critique",
      "waiting critique  for another run on this cache",
      "retry   critique  row p1: attempt 1 failed (server), next in 0.9 s  503",
      "stop    interrupted"
    ])
  })

  it("says when a node starts, every quarter, after a silent minute, and when it ends", () => {
    const { close, emit, screen, tick } = start("plain")
    emit({ event: "RunStarted", run: "01J", experiment: "experiments/quickstart", nodes: 4 })
    emit({ event: "NodeFresh", label: "spec", key })
    emit({ event: "NodeFresh", label: "prompts", key })
    emit({ event: "NodeStarted", label: "critique", key, why: "clauses: C7 changed" })
    emit({ event: "RowsFound", label: "critique", total: 4800, fresh: 4700, toRun: 100 })
    for (let done = 1; done <= 100; done++) {
      tick(100)
      emit({ event: "Progress", label: "critique", done, total: 100, detail: `loss ${(2 - done / 100).toFixed(2)}` })
    }
    const rows = { ran: 100, fresh: 4700, failed: 0 }
    emit({ event: "NodeFinished", label: "critique", key, durationMs: 10_000, usd: 0.42, rows, unchanged: false })
    emit({ event: "NodeStarted", label: "train", key, why: "" })
    tick(59_000)
    tick(1000)
    tick(5000)
    emit({ event: "NodeFailed", label: "train", reason: "train (abab) failed: no space\n  free some" })
    emit({ event: "NodeSkipped", label: "report", because: "train" })
    close()
    assert.deepStrictEqual(screen.text, [
      "run     experiments/quickstart  4 nodes  01J",
      "start   critique  clauses: C7 changed",
      "rows    critique  100 of 4,800 to run, 4,700 reused",
      "25 %    critique  25/100  10.0/s  ETA -  loss 1.75",
      "50 %    critique  50/100  10.0/s  ETA 5.0 s  loss 1.50",
      "75 %    critique  75/100  10.0/s  ETA 2.5 s  loss 1.25",
      "done    critique  100 rows (4,700 reused)  10 s  $0.42",
      "start   train",
      "running train  running for 1 m 00 s",
      "failed  train (abab) failed: no space",
      "          free some",
      "fresh   2 nodes",
      "skipped 1 node"
    ])
  })

  it("writes no control sequence, whatever a model wrote", () => {
    let text = ""
    const { close, emit } = Reporter.make({
      mode: "plain",
      stream: { write: (one) => text += one },
      columns: () => 80,
      rows: () => 24,
      now: () => 0,
      style: (_, one) => one,
      schedule: () => () => {}
    })
    const hostile = "\x1b[2J\r\x07"
    emit({ event: "NodeStarted", label: hostile, key, why: hostile })
    emit({ event: "RowFailed", label: hostile, row: hostile, reason: hostile })
    emit({ event: "NodeFailed", label: hostile, reason: hostile })
    close()
    assert.notMatch(text.replaceAll("\n", ""), /\p{Cc}/u)
    assert.strictEqual(text.split("\n").length, 4)
  })
})

describe("json", () => {
  it("writes every event as it is, with the time, and RunFinished last", () => {
    const lines: Array<string> = []
    const { close, emit } = Reporter.make({
      mode: "json",
      stream: { write: (text) => lines.push(text) },
      columns: () => 80,
      rows: () => 24,
      now: () => 1_700_000_000_000,
      style: (_, text) => text
    })
    const nodes = { total: 1, ran: 0, fresh: 1, failed: 0, skipped: 0 }
    const rows = { ran: 0, fresh: 0, failed: 0 }
    const events: ReadonlyArray<Event> = [
      { event: "NodeFresh", label: "a\nb", key },
      { event: "RunFinished", ok: true, nodes, rows, durationMs: 3, usd: 0 }
    ]
    events.forEach(emit)
    close()
    events.forEach(emit)
    assert.isTrue(lines.every((line) => line.indexOf("\n") === line.length - 1))
    assert.deepStrictEqual(
      lines.map((line) => JSON.parse(line)),
      events.map((event) => ({ t: "2023-11-14T22:13:20.000Z", ...event }))
    )
  })
})

describe("a stream nobody reads", () => {
  const fresh: Event = { event: "NodeFresh", label: "a", key }

  it("ends the output quietly when it reports an error, and after the reporter has closed", () => {
    let writes = 0
    const stream = Object.assign(new EventEmitter(), { write: () => void writes++ })
    const options = {
      mode: "json",
      stream,
      columns: () => 80,
      rows: () => 24,
      now: () => 0,
      style: (_: string, text: string) => text
    } as const
    const first = Reporter.make(options)
    first.emit(fresh)
    stream.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }))
    first.emit(fresh)
    first.close()
    stream.emit("error", new Error("again"))
    Reporter.make(options).emit(fresh)
    assert.strictEqual(writes, 1)
    assert.strictEqual(stream.listenerCount("error"), 1)
  })

  it("ends the output quietly when it throws", () => {
    for (const mode of ["live", "plain", "json", "none"] as const) {
      let writes = 0
      let draw = () => {}
      const { close, emit } = Reporter.make({
        mode,
        stream: {
          write: () => {
            writes++
            throw new Error("write after end")
          }
        },
        columns: () => 80,
        rows: () => 24,
        now: () => 0,
        style: (_, text) => text,
        schedule: (one) => {
          draw = one
          return () => {}
        }
      })
      emit({ event: "NodeStarted", label: "a", key, why: "" })
      draw()
      emit({ event: "NodeFailed", label: "a", reason: "x" })
      draw()
      close()
      assert.strictEqual(writes, mode === "none" ? 0 : 1)
    }
  })
})

describe("chooseMode", () => {
  it("is live only on a terminal that can, outside of CI, unless a flag decides", () => {
    const terminal = { isTTY: true }
    assert.strictEqual(Reporter.chooseMode(terminal, { TERM: "xterm" }), "live")
    assert.strictEqual(Reporter.chooseMode(terminal, { CI: "false" }, "auto"), "live")
    assert.strictEqual(Reporter.chooseMode(terminal, { TERM: "dumb" }), "plain")
    assert.strictEqual(Reporter.chooseMode(terminal, { CI: "true" }), "plain")
    assert.strictEqual(Reporter.chooseMode({}, {}), "plain")
    assert.strictEqual(Reporter.chooseMode({}, { CI: "1" }, "live"), "live")
    assert.strictEqual(Reporter.chooseMode(terminal, {}, "json"), "json")
  })
})
