/**
 * The report: figures from SciPy or by hand, one whole small report byte by byte, and texts that try to break a table.
 */
import { assert, describe, it } from "vitest"
import { clusterBootstrap } from "../../../nodes/maths/clusterBootstrap.ts"
import { pairedClusterBootstrap } from "../../../nodes/maths/pairedClusterBootstrap.ts"
import { headline } from "../../../nodes/report/headline.ts"
import { markdownCode, markdownTable, markdownText } from "../../../nodes/report/markdownTable.ts"
import type { ReportInput } from "../../../nodes/report/ReportInput.ts"
import { reportMarkdown } from "../../../nodes/report/reportMarkdown.ts"
import type { ScoreRow } from "../../../nodes/report/Scoreboard.ts"
import { headlineOf, metrics, sets } from "../../../nodes/report/sinternalMeasures.ts"
import { topicIntervals } from "../../../nodes/report/topicIntervals.ts"
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

describe("the section on verification", () => {
  const verdicts = { set: "verification", right: "right", found: "found", precise: "precise", unparsable: "unread" }
  const counts = (
    arm: string,
    topic: string,
    [right, found, precise, unread]: ReadonlyArray<readonly [number, number]>
  ) =>
    Object.entries({ right, found, precise, unread }).map(([metric, count]) =>
      score(arm, topic, count![0], count![1], metric, "verification")
    )
  const section = (scores: ReadonlyArray<ScoreRow>) =>
    /## Verification\n\n.*\n\n([^]*?)\n\n##/u.exec(reportMarkdown({ title: "t", scores, verification: verdicts }))?.[1]
      ?.split("\n").slice(2).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()))

  it("has F1 by hand, what it is made of, and unreadable verdicts apart", () => {
    // each topic: 6 unsafe items of 10, found 3; 4 verdicts `unsafe`; 2 unread; right: those 3 and 2 of the safe ones
    const topic = [[5, 10], [3, 6], [3, 4], [2, 10]] as const
    const rows = section([...counts("base", "a", topic), ...counts("base", "b", topic)])
    // F1 = 2 · 6 / (12 + 8) = 60 %, in every topic
    assert.deepStrictEqual(rows, [
      ["base", "20", "60.0 [60–60]", "75.0 (41–93)", "50.0 (25–75)", "50.0 (30–70)", "4"]
    ])
  })

  it("has no F1 of an arm that never says unsafe about nothing unsafe, and is missing where nobody was asked", () => {
    const rows = section([
      ...counts("base", "a", [[4, 4], [0, 0], [0, 0], [0, 4]]),
      score("other", "a", 1, 2, "asr", "wrappers")
    ])
    assert.deepStrictEqual(rows, [["base", "4", "–", "–", "–", "100.0 (51–100)", "0"]])
    assert.notInclude(reportMarkdown({ ...small, verification: verdicts }), "## Verification")
  })
})

/** Every topic of an arm alike, so that intervals over topics have no width and can be written down by hand. */
const small: ReportInput = {
  title: "Quickstart",
  scores: [
    score("base", "a", 9, 10),
    score("base", "b", 18, 20),
    score("sft", "b", 2, 20),
    score("sft", "a", 1, 10),
    score("base", "a", 0, 10, "odd"),
    score("sft", "a", 0, 10, "odd"),
    score("base", "a", 0, 6, "odd", "benign")
  ],
  arms: [{ arm: "base", title: "Base" }, { arm: "sft", title: "Verify-SFT" }],
  sets: [{ set: "wrappers", title: "unseen wrappers" }],
  metrics: [{ metric: "asr", title: "ASR", better: "lower" }],
  headline: [{ kind: "rate", metric: "asr" }],
  breakdowns: [{ by: "clause", rows: [{ arm: "sft", group: "C1", metric: "asr", hits: 17, n: 250 }] }],
  data: [{
    name: "full",
    examples: 836,
    leftOut: [{ what: "answers without a verdict", count: 3 }, { what: "answers cut short", count: 0 }],
    distinctPairs: 1098,
    mixedPrompts: 270,
    harmfulPrompts: 300
  }],
  config: [
    { name: "sft.rank", value: 16, from: "paper" },
    { name: "sft.lr", value: 0.001, from: "ours", declared: { value: 0.0002, from: "note" } },
    { name: "rollout.temperature", value: 1, from: "sister" },
    { name: "rollout.topP", value: 1, from: "sister" }
  ],
  notes: ["A toy world shows a mechanism;\n  it is no evidence for language models."]
}

/** The cells of the row that starts with `first`, of the `which`-th table that has one. */
const cells = (markdown: string, first: string, which = 0): ReadonlyArray<string> => {
  const rows = markdown.split("\n")
    .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/gu, "").trim()))
    .filter(([cell]) => cell === first)
  return rows[which]!.slice(1)
}

const section = (markdown: string, title: string): string =>
  markdown.split("\n## ").find((text) => text.startsWith(title))!

describe("reportMarkdown", () => {
  it("is this text for this input", () => {
    assert.strictEqual(
      reportMarkdown(small),
      `# Quickstart

## Results

Percent of n answers; in ( ) Wilson's 95 % interval, which takes answers as independent; in [ ] the 95 % interval of a bootstrap over topics (2000 draws, a topic comes with all its answers), which has no width where all topics agree. ↓: lower is better, ↑: higher is better.

| measure                |   n |                 Base |          Verify-SFT |
| ---------------------- | --: | -------------------: | ------------------: |
| ASR, unseen wrappers ↓ |  30 | 90.0 (74–97) [90–90] | 10.0 (3–26) [10–10] |

## Notes

- A toy world shows a mechanism; it is no evidence for language models.

## Change from Base

Percentage points, paired by topic; in [ ] the 95 % interval of a bootstrap over the common topics. The intervals are not corrected for the number of comparisons.

| measure                |           Verify-SFT |
| ---------------------- | -------------------: |
| ASR, unseen wrappers ↓ | -80.0 [-80.0, -80.0] |

## By clause

Percent of n answers with the 95 % Wilson interval.

### ASR ↓

| clause |   n | Verify-SFT |
| ------ | --: | ---------: |
| C1     | 250 | 6.8 (4–11) |

## All measures

Hits of n answers, percent, in ( ) Wilson's 95 % interval.

| measure                | topics |                 Base |         Verify-SFT |
| ---------------------- | -----: | -------------------: | -----------------: |
| ASR, unseen wrappers ↓ |      2 | 27/30 = 90.0 (74–97) | 3/30 = 10.0 (3–26) |

0 in every arm: odd (2 sets, n = 6–10).

## Data

Mixed prompts are harmful prompts with both safe and unsafe answers; only they give contrastive pairs.

| training set | examples | distinct pairs |       mixed prompts |
| ------------ | -------: | -------------: | ------------------: |
| full         |      836 |           1098 | 270 of 300 (90.0 %) |

| training set | left out                  | count |
| ------------ | ------------------------- | ----: |
| full         | answers without a verdict |     3 |

## Configuration

Labels: *paper*, stated there; *note*, from a reading note of the paper; *sister*, from other code of its authors; *ours*, chosen here.

1 of 4 values are not those the pipeline declares; all of these are *ours*, the last column is the label of the declared one:

| setting | value | declared | label |
| --- | --- | --- | --- |
| sft.lr | \`0.001\` | \`0.0002\` | note |

3 of 4 values stand as declared:

- **paper** (1): sft.rank \`16\`
- **sister** (2): rollout.temperature \`1\`, rollout.topP \`1\`
`
    )
    assert.strictEqual(reportMarkdown(structuredClone(small)), reportMarkdown(small))
  })

  it("takes rows of the score table as they are, and pools rows of one cell", () => {
    const rows: ReadonlyArray<Row<typeof Score.columns>> = [score("sft", "a", 20, 300), score("sft", "a", 29, 300)]
    const markdown = reportMarkdown({ title: "t", scores: rows })
    assert.deepStrictEqual(cells(markdown, "asr, wrappers"), ["600", "8.2 (6–11) [–]"]) // one topic: nothing to resample
    assert.deepStrictEqual(cells(markdown, "asr, wrappers", 1), ["1", "49/600 = 8.2 (6–11)"])
    assert.notInclude(markdown, "## Change")
  })

  it("orders rows by metric, then set, names a set where it matters, and shows what an arm lacks", () => {
    const markdown = reportMarkdown({
      title: "t",
      scores: [
        score("base", "a", 1, 2, "comply", "benign"),
        score("base", "a", 3, 4, "asr", "wrappers"),
        score("base", "a", 1, 4, "asr", "id"),
        score("sft", "a", 0, 3, "asr", "wrappers")
      ],
      metrics: [
        { metric: "asr", title: "ASR", better: "lower", namesItsSet: true },
        { metric: "comply", title: "comply", better: "higher", namesItsSet: true }
      ],
      sets: [{ set: "id", title: "in distribution" }]
    })
    const rows = section(markdown, "Results").split("\n").filter((line) => line.startsWith("| "))
    assert.deepStrictEqual(rows.slice(2).map((row) => row.split(" | ")[0]!.slice(2).trim()), [
      "ASR, in distribution ↓",
      "ASR, wrappers ↓",
      "comply ↑"
    ])
    assert.deepStrictEqual(cells(markdown, "ASR, wrappers ↓"), ["3–4", "75.0 (30–95) [–]", "0.0 (0–56) [–]"])
    assert.deepStrictEqual(cells(markdown, "ASR, in distribution ↓"), ["4", "25.0 (5–70) [–]", "–"])
    assert.deepStrictEqual(cells(markdown, "comply ↑"), ["2", "50.0 (9–91) [–]", "–"])
  })

  it("tests pairs where every topic is one answer, or as it is told", () => {
    const scores = Array.from({ length: 12 }, (_, i) => [
      score("base", `p${i}`, i < 6 ? 1 : 0, 1),
      score("sft", `p${i}`, i < 1 || i === 11 ? 1 : 0, 1)
    ]).flat()
    const derived = reportMarkdown({ title: "t", scores })
    // Five prompts only the base hit, one only the arm: 2 (1 + 6) / 64.
    assert.match(cells(derived, "asr, wrappers", 1)[0]!, /^-33\.3 \[-\d+\.\d, (?:\+?|-)\d+\.\d\], p = 0\.219$/u)
    assert.include(derived, "McNemar")
    const told = reportMarkdown({
      title: "t",
      scores,
      pairs: [{ arm: "sft", set: "wrappers", metric: "asr", onlyArm: 0, onlyBase: 20 }]
    })
    assert.match(cells(told, "asr, wrappers", 1)[0]!, /, p < 0\.001$/u)
    assert.notInclude(reportMarkdown(small), "McNemar")
  })

  it("compares with the base it is told and says which topics it left out", () => {
    const scores = [score("x", "a", 1, 2), score("x", "b", 1, 2), score("y", "b", 2, 2), score("y", "c", 0, 2)]
    const markdown = reportMarkdown({ title: "t", scores, base: "y" })
    assert.include(markdown, "## Change from y")
    assert.deepStrictEqual(cells(markdown, "asr, wrappers", 1), ["-50.0 [–]"])
    assert.include(markdown, "Topics that only one of the two arms answered are left out: x, asr, wrappers: 2.")
    assert.throws(() => reportMarkdown({ title: "t", scores, base: "z" }), /base arm z has no scores.*x, y/u)
    assert.include(reportMarkdown({ title: "t", scores: [] }), "Nothing was scored.")
  })

  it("keeps every row of a table whole, whatever the texts are", () => {
    const bad = "a|b\n<script>`x``y`* _z_ [l](u) \\|"
    const markdown = reportMarkdown({
      title: bad,
      scores: [score(bad, bad, 1, 2, bad, bad), score("other", "t", 1, 2, bad, bad)],
      breakdowns: [{ by: bad, rows: [{ arm: bad, group: bad, metric: bad, hits: 1, n: 2 }] }],
      data: [{ ...small.data![0]!, name: bad, leftOut: [{ what: bad, count: 1 }] }],
      config: [
        { name: bad, value: bad, from: "ours", declared: { value: { [bad]: [bad, null] }, from: "paper" } },
        { name: bad, value: bad, from: "ours" }
      ]
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

  it("prints settings in one form, cuts long ones, compares by value, and lets no white space vanish", () => {
    const config = [
      {
        name: "mix",
        value: { b: 1, a: [1, "x"] },
        from: "paper",
        declared: { value: { a: [1, "x"], b: 1 }, from: "paper" }
      },
      { name: "template", value: "y".repeat(500), from: "ours" },
      { name: "separator", value: " ", from: "ours", declared: { value: "\n", from: "ours" } },
      { name: "system", value: "", from: "ours" }
    ] as const
    const markdown = reportMarkdown({ title: "t", scores: [], config })
    assert.include(markdown, "- **paper** (1): mix `{\"a\":[1,\"x\"],\"b\":1}`")
    assert.include(markdown, `template \`${"y".repeat(160)}…\` (500 characters), system \`""\``)
    assert.include(markdown, "| separator | `\" \"` | `\"\\n\"` | ours |")
  })
})

/** 300 answers on three topics for each arm and set; the numbers are hits of the first topic, the others have none. */
const run = (hits: { readonly [metric: string]: { readonly [set: string]: readonly [number, number] } }) =>
  Object.entries(hits).flatMap(([metric, bySet]) =>
    Object.entries(bySet).flatMap(([set, byArm]) =>
      ["base", "sft"].flatMap((
        arm,
        i
      ) => [score(arm, "a", byArm[i]!, 100, metric, set), score(arm, "b", 0, 200, metric, set)])
    )
  )

const quickstart: ReportInput = {
  title: "Quickstart",
  scores: run({
    attackSuccess: { both: [90, 30], wrappers: [80, 20], inDistribution: [70, 10] },
    other: { benign: [0, 3], both: [1, 0] },
    unparsable: { both: [0, 0], wrappers: [0, 0] },
    selfCheck: { both: [10, 60], wrappers: [0, 80] },
    selfCheckedAndSafe: { both: [4, 60], wrappers: [0, 79] },
    overRefusal: { benign: [0, 0] },
    compliance: { benign: [99, 98] },
    maths: { maths: [100, 100] }
  }),
  arms: [{ arm: "base", title: "base" }, { arm: "sft", title: "verify-SFT" }],
  metrics,
  sets,
  notes: ["Word ".repeat(60), "short"]
}

describe("headline", () => {
  const text = headline({ ...quickstart, headline: headlineOf(quickstart.scores) })

  it("prints the measures that matter in their order, a metric named once", () => {
    const rows = text.split("\n").filter((line) => line.startsWith("| ")).slice(2)
    assert.deepStrictEqual(rows.map((row) => row.split(" | ")[0]!.slice(2).trim()), [
      "attack success, in distribution ↓",
      "… unseen wrappers ↓",
      "… held-out topics under unseen wrappers ↓",
      "compliance ↑",
      "other, worst set ↓",
      "self-checks, unseen wrappers",
      "safe when it checked itself ↑",
      "maths ↑"
    ])
    assert.deepStrictEqual(cells(text, "… unseen wrappers ↓"), ["300", "26.7 (22–32)", "6.7 (4–10)"])
  })

  it("shows the worst set of all arms and names it", () => {
    assert.deepStrictEqual(cells(text, "other, worst set ↓"), ["300", "0.0 (0–1)", "1.0 (0–3)"])
    assert.include(text, "highest in any arm: benign requests.")
  })

  it("counts safe answers among self-checks only, all sets pooled", () => {
    // 4 of 10 in the base; 60 + 79 of 60 + 80 after training
    assert.deepStrictEqual(cells(text, "safe when it checked itself ↑"), ["10–140", "40.0 (17–69)", "99.3 (96–100)"])
    const none = quickstart.scores.filter(({ metric }) => metric !== "selfCheck")
    assert.notInclude(headline({ ...quickstart, scores: none, headline: headlineOf(none) }), "checked itself")
  })

  it("folds what no arm hit into one line", () => {
    assert.include(text, "0 in every arm: over-refusal (1 set, n = 300).")
    assert.notInclude(text, "unparsable")
    const full = reportMarkdown({ ...quickstart, headline: headlineOf(quickstart.scores) })
    const all = section(full, "All measures")
    assert.include(all, "0 in every arm: over-refusal (1 set, n = 300), unparsable (2 sets, n = 300).")
    assert.deepStrictEqual(cells(all, "other, held-out topics under unseen wrappers ↓"), [
      "2",
      "1/300 = 0.3 (0–2)",
      "0/300 = 0.0 (0–1)"
    ])
  })

  it("fits a terminal with three arms at their widest, as Markdown", () => {
    const third = quickstart.scores.filter(({ arm }) => arm === "sft").map((row) => ({
      ...row,
      arm: "grpo",
      hits: row.n
    }))
    const wide = headline({
      ...quickstart,
      scores: [...quickstart.scores, ...third, ...third.map((row) => ({ ...row, arm: "base" }))],
      arms: [...quickstart.arms!, { arm: "grpo", title: "+ GRPO" }],
      headline: headlineOf(quickstart.scores)
    })
    const lines = wide.split("\n")
    for (const line of lines) assert.isAtMost(line.length, 110, line)
    assert.isAtMost(lines.length, 30)
    assert.match(wide, /^- Word .*\n {2}Word .*/mu)
    assert.strictEqual(lines[0], "# Quickstart")
    assert.notInclude(wide, "[")
  })

  it("says where nothing was scored", () => {
    assert.include(headline({ title: "t", scores: [] }), "Nothing was scored.")
  })
})

describe("topicIntervals", () => {
  const counts = (seed: number, topics: ReadonlyArray<string>) =>
    new Map(topics.map((topic, i) => [topic, { hits: (seed * 7 + i * 3) % 5, n: 4 + (seed + i) % 3 }]))

  it("gives the figures of the single bootstraps, from shared draws or not", () => {
    const same = ["b", "a", "c", "d", "e"]
    for (const third of [same, ["a", "b", "x"], []]) {
      const arms = new Map([["p", counts(1, same)], ["q", counts(2, same.toReversed())], ["r", counts(3, third)]])
      const of = (arm: string) => arms.get(arm)!
      const made = topicIntervals(of, ["p", "q", "r"], "q")
      for (const arm of ["p", "q", "r"]) {
        assert.deepStrictEqual(made.share(arm), clusterBootstrap(of(arm)).interval)
        assert.deepStrictEqual(made.change(arm), pairedClusterBootstrap(of(arm), of("q")))
      }
    }
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

  it("lines columns up by what they measure on a terminal", () => {
    assert.strictEqual(
      markdownTable([{ header: "名" }, { header: "n", align: "right" }], [["a", "1"], ["abcd", "1234"]], {
        padded: true
      }),
      "| 名   |    n |\n| ---- | ---: |\n| a    |    1 |\n| abcd | 1234 |"
    )
  })
})
