/**
 * The report: figures from SciPy or by hand, one whole small report byte by byte, and texts that try to break a table.
 */
import { assert, describe, it } from "vitest"
import { markdownCode, markdownText } from "../../../nodes/report/markdownTable.ts"
import type { ReportInput } from "../../../nodes/report/ReportInput.ts"
import { reportMarkdown } from "../../../nodes/report/reportMarkdown.ts"
import type { ScoreRow } from "../../../nodes/report/Scoreboard.ts"
import { Score } from "../../../nodes/tables.ts"
import type { Row } from "../../../runtime/Type.ts"

const score = (arm: string, topic: string, hits: number, n: number, metric = "asr", set = "wrappers"): ScoreRow => ({
  arm,
  set,
  metric,
  topic,
  hits,
  n
})

/** Every topic of an arm alike, so that intervals over topics have no width and can be written down by hand. */
const small: ReportInput = {
  title: "Quickstart",
  scores: [score("base", "a", 9, 10), score("base", "b", 18, 20), score("sft", "b", 2, 20), score("sft", "a", 1, 10)],
  arms: [{ arm: "base", title: "Base" }, { arm: "sft", title: "Verify-SFT" }],
  metrics: [{ metric: "asr", title: "ASR", better: "lower" }],
  breakdowns: [{ by: "clause", rows: [{ arm: "sft", group: "C1", metric: "asr", hits: 17, n: 250 }] }],
  data: [{
    name: "full",
    rowsKept: 836,
    dropped: [{ reason: "verdict not readable", rows: 3 }, { reason: "cut at the token limit", rows: 0 }],
    expertCalls: 1098,
    mixedPrompts: 270,
    harmfulPrompts: 300
  }],
  config: [
    { name: "sft.rank", value: 16, from: "paper", paper: 16 },
    { name: "sft.lr", value: 0.001, from: "paper", paper: 0.0002 },
    { name: "rollout.temperature", value: 1, from: "sister" }
  ],
  notes: ["A toy world shows a mechanism;\n  it is no evidence for language models."]
}

/** The cells of the row that starts with `first`, of the `which`-th table that has one. */
const cells = (markdown: string, first: string, which = 0): ReadonlyArray<string> => {
  const rows = markdown.split("\n").filter((line) => line.startsWith(`| ${first} |`))
  return rows[which]!.split(" | ").slice(1).map((cell) => cell.replace(/ \|$/u, ""))
}

describe("reportMarkdown", () => {
  it("is this text for this input", () => {
    assert.strictEqual(
      reportMarkdown(small),
      `# Quickstart

## Results

Percent of n answers; in parentheses the 95 % Wilson interval, answers taken as independent.

| arm | ASR ↓ wrappers, n = 30 |
| --- | ---: |
| Base | 90.0 (74.4–96.5) |
| Verify-SFT | 10.0 (3.5–25.6) |

## Intervals over topics

The same rates; in brackets the 95 % percentile bootstrap over topics (2000 draws, a topic comes with all its answers). Where all topics agree it has no width and Wilson's interval is the one to read.

| arm | ASR ↓ wrappers |
| --- | ---: |
| Base | 90.0 [90.0–90.0] |
| Verify-SFT | 10.0 [10.0–10.0] |

## Change from Base

Percentage points, paired by topic; in brackets the 95 % interval of a bootstrap over the common topics. Nothing here is corrected for the number of comparisons.

| arm | ASR ↓ wrappers |
| --- | ---: |
| Verify-SFT | -80.0 [-80.0, -80.0] |

## Counts

| arm | ASR ↓ wrappers |
| --- | ---: |
| Base | 27/30, 2 topics |
| Verify-SFT | 3/30, 2 topics |

## By clause

Percent of n answers with the 95 % Wilson interval.

### ASR ↓

| clause | n | Verify-SFT |
| --- | ---: | ---: |
| C1 | 250 | 6.8 (4.3–10.6) |

## Data

Mixed prompts are harmful prompts with both safe and unsafe answers; only they give contrastive pairs.

| training set | rows kept | rows dropped | expert calls | mixed prompts |
| --- | ---: | ---: | ---: | ---: |
| full | 836 | 3 | 1098 | 270 of 300 (90.0 %) |

| training set | dropped because | rows |
| --- | --- | ---: |
| full | verdict not readable | 3 |

## Configuration

Of 3 values: 1 paper, 0 note, 1 sister, 1 ours. paper: stated there; note: from a reading note of the paper; sister: from other code of its authors; ours: chosen here. The last column is the paper's value where it differs.

| setting | value | from | paper |
| --- | --- | --- | --- |
| sft.rank | \`16\` | paper | same |
| sft.lr | \`0.001\` | ours | \`0.0002\` |
| rollout.temperature | \`1\` | sister | not stated |

## Notes

- A toy world shows a mechanism; it is no evidence for language models.
`
    )
    assert.strictEqual(reportMarkdown(structuredClone(small)), reportMarkdown(small))
  })

  it("takes rows of the score table as they are, and pools rows of one cell", () => {
    const rows: ReadonlyArray<Row<typeof Score.columns>> = [score("sft", "a", 20, 300), score("sft", "a", 29, 300)]
    const markdown = reportMarkdown({ title: "t", scores: rows })
    assert.deepStrictEqual(cells(markdown, "sft"), ["8.2 (6.2–10.6)"])
    assert.deepStrictEqual(cells(markdown, "sft", 1), ["8.2 [–]"]) // one topic: nothing to resample
    assert.notInclude(markdown, "## Change")
  })

  it("orders columns by metric, then set, and shows what an arm lacks", () => {
    const markdown = reportMarkdown({
      title: "t",
      scores: [
        score("base", "a", 1, 2, "comply", "benign"),
        score("base", "a", 1, 4, "asr", "id"),
        score("base", "a", 3, 4, "asr", "wrappers"),
        score("sft", "a", 0, 3, "asr", "wrappers")
      ],
      metrics: [{ metric: "asr", title: "ASR", better: "lower" }, {
        metric: "comply",
        title: "comply",
        better: "higher"
      }]
    })
    assert.include(markdown, "| arm | ASR ↓ id, n = 4 | ASR ↓ wrappers, n = 3–4 | comply ↑ benign, n = 2 |")
    assert.deepStrictEqual(cells(markdown, "sft"), ["–", "0.0 (0.0–56.1)", "–"])
    assert.deepStrictEqual(cells(markdown, "sft", 3), ["–", "0/3, 1 topic", "–"])
  })

  it("tests pairs where every topic is one answer, or as it is told", () => {
    const scores = Array.from({ length: 12 }, (_, i) => [
      score("base", `p${i}`, i < 6 ? 1 : 0, 1),
      score("sft", `p${i}`, i < 1 || i === 11 ? 1 : 0, 1)
    ]).flat()
    const derived = reportMarkdown({ title: "t", scores })
    // Five prompts only the base hit, one only the arm: 2 (1 + 6) / 64.
    assert.match(cells(derived, "sft", 2)[0]!, /^-33\.3 \[-\d+\.\d, (?:\+?|-)\d+\.\d\], p = 0\.219$/u)
    assert.include(derived, "McNemar")
    const told = reportMarkdown({
      title: "t",
      scores,
      pairs: [{ arm: "sft", set: "wrappers", metric: "asr", onlyArm: 0, onlyBase: 20 }]
    })
    assert.match(cells(told, "sft", 2)[0]!, /, p < 0\.001$/u)
    assert.notInclude(reportMarkdown(small), "McNemar")
  })

  it("compares with the base it is told and says which topics it left out", () => {
    const scores = [score("x", "a", 1, 2), score("x", "b", 1, 2), score("y", "b", 2, 2), score("y", "c", 0, 2)]
    const markdown = reportMarkdown({ title: "t", scores, base: "y" })
    assert.include(markdown, "## Change from y")
    assert.deepStrictEqual(cells(markdown, "x", 2), ["-50.0 [–]"])
    assert.include(markdown, "Topics that only one of the two arms answered are left out: x, asr wrappers: 2.")
    assert.throws(() => reportMarkdown({ title: "t", scores, base: "z" }), /base arm z has no scores.*x, y/u)
    assert.include(reportMarkdown({ title: "t", scores: [] }), "Nothing was scored.")
  })

  it("keeps every row of a table whole, whatever the texts are", () => {
    const bad = "a|b\n<script>`x``y`* _z_ [l](u) \\|"
    const markdown = reportMarkdown({
      title: bad,
      scores: [score(bad, bad, 1, 2, bad, bad), score("other", "t", 1, 2, bad, bad)],
      breakdowns: [{ by: bad, rows: [{ arm: bad, group: bad, metric: bad, hits: 1, n: 2 }] }],
      data: [{ ...small.data![0]!, name: bad, dropped: [{ reason: bad, rows: 1 }] }],
      config: [{ name: bad, value: bad, from: "ours", paper: { [bad]: [bad, null] } }]
    })
    const bars = (line: string) => line.replace(/\\\|/gu, "").split("|").length
    let width = 0
    for (const line of markdown.split("\n")) {
      if (!line.startsWith("| ")) width = 0
      else if (width === 0) width = bars(line)
      else assert.strictEqual(bars(line), width, line)
    }
    assert.notMatch(markdown.replace(/(`+)(?!`).*?[^`]\1(?!`)/gu, ""), /[^\\]<script/u)
  })

  it("prints settings in one form, cuts long ones and compares them by value", () => {
    const config = [
      { name: "mix", value: { b: 1, a: [1, "x"] }, from: "paper", paper: { a: [1, "x"], b: 1 } },
      { name: "template", value: "y".repeat(500), from: "ours" }
    ] as const
    const markdown = reportMarkdown({ title: "t", scores: [], config })
    assert.include(markdown, "| mix | `{\"a\":[1,\"x\"],\"b\":1}` | paper | same |")
    assert.include(markdown, `| template | \`${"y".repeat(160)}…\` (500 characters) | ours | not stated |`)
  })
})

describe("markdownTable", () => {
  it("escapes words and fences code", () => {
    assert.strictEqual(markdownText("over_refuse *x* <b> a\n b"), "over_refuse \\*x\\* \\<b\\> a b")
    assert.strictEqual(markdownText("_x_"), "\\_x\\_")
    assert.strictEqual(markdownCode("</think>"), "`</think>`")
    assert.strictEqual(markdownCode("a`b|c"), "``a`b\\|c``")
    assert.strictEqual(markdownCode("`a`"), "`` `a` ``")
    assert.strictEqual(markdownCode(""), "` `")
  })
})
