/** The last lines of a run, by hand. */
import { assert, describe, it } from "vitest"
import { summaryLines } from "../../../runtime/terminal/summaryLines.ts"

describe("summaryLines", () => {
  it("says what ran, what was reused, the time and the price", () => {
    assert.deepStrictEqual(
      summaryLines({
        ok: true,
        nodes: { total: 12, ran: 3, fresh: 9, failed: 0, skipped: 0 },
        rows: { ran: 62, fresh: 4738, failed: 0 },
        durationMs: 124_000,
        usd: 0.42,
        failures: []
      }),
      ["✓ 3 nodes ran, 9 fresh  62 rows ran, 4,738 reused  2 m 04 s  $0.42"]
    )
  })

  it("says when there was nothing to do", () => {
    assert.deepStrictEqual(
      summaryLines({
        ok: true,
        nodes: { total: 12, ran: 0, fresh: 12, failed: 0, skipped: 0 },
        rows: { ran: 0, fresh: 0, failed: 0 },
        durationMs: 340,
        usd: 0,
        failures: []
      }),
      ["✓ nothing to do: 12 nodes fresh  0.3 s"]
    )
  })

  it("says why it was stopped, and how many attempts were made again", () => {
    assert.deepStrictEqual(
      summaryLines({
        ok: false,
        stopped: { reason: "budget", text: "$5.01 of $5 spent" },
        nodes: { total: 12, ran: 3, fresh: 2, failed: 0, skipped: 7 },
        rows: { ran: 62, fresh: 0, failed: 0, retries: 1 },
        durationMs: 340,
        usd: 5.01,
        failures: []
      }),
      ["! 3 nodes ran, 2 fresh, 7 skipped  62 rows ran, 0 reused, 1 retry  0.3 s  $5.01  stopped: $5.01 of $5 spent"]
    )
  })

  it("names every failure in a line, and what to do next", () => {
    const summary = {
      ok: false,
      nodes: { total: 5, ran: 1, fresh: 1, failed: 1, skipped: 2 },
      rows: { ran: 59, fresh: 0, failed: 3 },
      durationMs: 6300,
      usd: 0,
      failures: [{
        message: "critique (abababab) failed: 3 of 62 rows have no result\n    row p1: 429\n  run it again"
      }, { message: "x\x1b[2J" }]
    }
    assert.deepStrictEqual(summaryLines(summary), [
      "✗ 1 node ran, 1 fresh, 1 failed, 2 skipped  59 rows ran, 0 reused, 3 failed  6.3 s",
      "  critique (abababab) failed: 3 of 62 rows have no result",
      "    run it again",
      "  x␛[2J"
    ])
    assert.deepStrictEqual(summaryLines(summary, { width: 30 })[1], "  critique (abababab) failed:…")
  })
})
