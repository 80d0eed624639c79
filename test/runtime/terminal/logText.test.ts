/** One line an event: all of them, by hand. */
import { assert, describe, it } from "vitest"
import type { Event } from "../../../runtime/Event.ts"
import { logLines } from "../../../runtime/terminal/logText.ts"
import { displayWidth } from "../../../runtime/terminal/text.ts"

const key = "ab".repeat(32)
const counts = { total: 5, ran: 2, fresh: 1, failed: 1, skipped: 1 }
const events: ReadonlyArray<readonly [atMs: number, event: Event]> = [
  [0, { event: "RunStarted", run: "r1", experiment: "experiments/x", nodes: 5 }],
  [40, { event: "NodeFresh", label: "spec", key, rows: 40 }],
  [55, { event: "NodeStarted", label: "critique", key, why: "spec: text changed" }],
  [60, { event: "NodeWaiting", label: "critique", key, for: "another run on this cache", rows: 12 }],
  [90, { event: "RowsFound", label: "critique", total: 4800, fresh: 4600, toRun: 200 }],
  [470, {
    event: "RowRetried",
    label: "critique",
    row: "p1/0",
    attempt: 2,
    class: "rate-limit",
    delayMs: 4100,
    reason: "429 \x1b[31mslow"
  }],
  [480, {
    event: "RowRetried",
    label: "train",
    row: "",
    attempt: 1,
    class: "network",
    delayMs: 1000,
    reason: "connection reset"
  }],
  [500, { event: "RowFailed", label: "critique", row: "p2/0", reason: "no answer" }],
  [1500, { event: "Progress", label: "critique", done: 50, total: 200, detail: "loss 0.5", usd: 0.05 }],
  [2000, { event: "Progress", label: "train", done: 0, total: 0 }],
  [62_000, {
    event: "NodeFinished",
    label: "critique",
    key,
    durationMs: 6300,
    usd: 0.42,
    rows: { ran: 200, fresh: 4600, failed: 0, retries: 2 },
    unchanged: true
  }],
  [62_100, { event: "NodeFinished", label: "mix", key, durationMs: 40, usd: 0, unchanged: false, shared: true }],
  [62_200, { event: "Nondeterministic", label: "mix", key }],
  [62_300, {
    event: "NodeFailed",
    label: "train",
    reason: "train (abababab) failed: exit code 1\n  look at trainer.log"
  }],
  [62_400, { event: "RunStopped", reason: "budget", text: "$5.01 of $5 spent" }],
  [62_500, { event: "NodeSkipped", label: "report", because: "train" }],
  [3_700_000, {
    event: "RunFinished",
    ok: false,
    stopped: { reason: "budget", text: "$5.01 of $5 spent" },
    nodes: counts,
    rows: { ran: 200, fresh: 4600, failed: 1 },
    durationMs: 3_700_000,
    usd: 5.01
  }]
]

const linesAt = (width: number) =>
  events.flatMap(([atMs, event]) => logLines({ atMs: 1000 + atMs, event, line: "" }, 1000, { width }))

describe("logLines", () => {
  it("has the time since the run began, a word and the rest of every event", () => {
    assert.strictEqual(
      linesAt(Infinity).join("\n"),
      `
      0 s  run       experiments/x  5 nodes  r1
   <0.1 s  fresh     spec  40 rows
    0.1 s  start     critique  spec: text changed
    0.1 s  waiting   critique  12 rows  for another run on this cache
    0.1 s  rows      critique  200 of 4,800 to run, 4,600 reused
    0.5 s  retry     critique  row p1/0: attempt 2 failed (rate-limit), next in 4.1 s  429 ␛[31mslow
    0.5 s  retry     train  attempt 1 failed (network), next in 1.0 s  connection reset
    0.5 s  row       critique  row p2/0 failed: no answer
    1.5 s  25 %      critique  50/200  $0.05  loss 0.5
    2.0 s  running   train
 1 m 02 s  done      critique  200 rows (4,600 reused, 2 retries)  6.3 s  $0.42  same result as before
 1 m 02 s  shared    mix  <0.1 s  made by another run
 1 m 02 s  warning   mix  gave another result than before for the same key (abababab); the first one is kept
 1 m 02 s  failed    train (abababab) failed: exit code 1
                       look at trainer.log
 1 m 02 s  stop      $5.01 of $5 spent
 1 m 03 s  skipped   report  because of train
 1 h 02 m  stopped   2 nodes ran, 1 fresh  1 failed  1 skipped  200 rows ran, 4,600 reused  1 row failed  1 h 02 m  $5.01  $5.01 of $5 spent`
        .slice(1)
    )
  })

  it("keeps every line within the width", () => {
    for (let width = 20; width < 100; width++) {
      for (const line of linesAt(width)) assert.isAtMost(displayWidth(line), width)
    }
  })
})
