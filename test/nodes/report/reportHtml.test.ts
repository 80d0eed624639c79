/** The HTML page of a report: what it holds, that nothing in it can become markup, and that it needs nothing else. */
import { assert, describe, it } from "vitest"
import { markdownHtml } from "../../../nodes/report/markdownHtml.ts"
import { differenceInterval, reportDiff } from "../../../nodes/report/reportDiff.ts"
import { reportHtml } from "../../../nodes/report/reportHtml.ts"
import type { ReportInput } from "../../../nodes/report/ReportInput.ts"
import { reportMarkdown } from "../../../nodes/report/reportMarkdown.ts"

const scores = (arm: string, hits: number, seed = 0) => [
  { arm, set: "both", metric: "attackSuccess", topic: "a", hits, n: 20, seed },
  { arm, set: "both", metric: "attackSuccess", topic: "b", hits: hits / 2, n: 20, seed },
  { arm, set: "benign", metric: "overRefusal", topic: "c", hits: 1, n: 20, seed }
]

const input: ReportInput = {
  title: "A <run> & more",
  scores: [...scores("base", 18), ...scores("tuned", 4)],
  arms: [{ arm: "base", title: "base" }, { arm: "tuned", title: "tuned" }],
  metrics: [
    { metric: "attackSuccess", title: "attack success", better: "lower" },
    { metric: "overRefusal", title: "over-refusal", better: "lower" }
  ],
  config: [{ name: "sft.epochs", value: 2, from: "note" }]
}

describe("markdownHtml", () => {
  it("writes headings, paragraphs, lists, tables, emphasis and code", () => {
    assert.strictEqual(
      markdownHtml(
        "# A\n\nOne *two* **three** `<b>`\nfour.\n\n- x\n- y \\*z\\*\n\n| a | n |\n| --- | --: |\n| p \\| q | 1 |"
      ),
      "<h1>A</h1>\n<p>One <em>two</em> <strong>three</strong> <code>&lt;b&gt;</code> four.</p>\n"
        + "<ul><li>x</li><li>y *z*</li></ul>\n<div class=\"table\"><table><thead><tr><th>a</th><th class=\"right\">n</th></tr>"
        + "</thead><tbody><tr><td>p | q</td><td class=\"right\">1</td></tr></tbody></table></div>"
    )
  })
})

describe("the page", () => {
  const page = {
    input,
    nodes: [
      { label: "quick", state: "fresh", rows: 3, reused: 3, seconds: 0.4, usd: 0 },
      { label: "slow", state: "ran", rows: 5, reused: 0, seconds: 12, usd: 1.5 }
    ],
    transcripts: [{ title: "both", parts: [["answer", "</pre><script>alert(1)</script>"]] as const }],
    provenance: [["commit", "abc_def"]] as const,
    previous: { name: "yesterday", input: { ...input, scores: [...scores("base", 18), ...scores("tuned", 12)] } }
  }
  const html = reportHtml(page)

  it("holds every section of the Markdown, pictures, costs, transcripts, provenance and differences", () => {
    const sections = [...reportMarkdown(input).matchAll(/^## (.*)$/gmu)].map(([, title]) => title)
    for (
      const title of [
        ...sections,
        "Pictures",
        "Time and cost",
        "Sample transcripts",
        "Provenance",
        "Differences to yesterday"
      ]
    ) {
      assert.include(html, `<h2>${title}</h2>`)
    }
    assert.isBelow(html.indexOf("<td>slow</td>"), html.indexOf("<td>quick</td>"), "the most expensive node first")
    assert.include(html, "2 nodes, 12 seconds of work, $1.50")
    assert.include(html, "<td>commit</td><td>abc_def</td>")
    assert.strictEqual(html.match(/<svg /g)?.length, 2)
  })

  it("escapes every text and refers to nothing outside", () => {
    assert.include(html, "<title>A &lt;run&gt; &amp; more</title>")
    assert.include(html, "&lt;/pre&gt;&lt;script&gt;")
    assert.notInclude(html, "<script")
    assert.notMatch(html.replaceAll("http://www.w3.org/2000/svg", ""), /https?:|src=|@import|url\(/)
  })

  it("is the same bytes every time", () => {
    assert.strictEqual(reportHtml(page), html)
  })
})

describe("reportDiff", () => {
  it("tells changed settings and rates with the interval of the change", () => {
    // statsmodels' confint_proportions_2indep (newcomb): 6/40 - 18/40 is the interval below
    const interval = differenceInterval({ hits: 18, n: 40 }, { hits: 6, n: 40 })
    assert.closeTo(interval.lo, -0.47122534745324834, 1e-9)
    assert.closeTo(interval.hi, -0.09940873950825385, 1e-9)
    const before = { ...input, scores: [...scores("base", 18), ...scores("tuned", 12)], config: [] }
    const text = reportDiff({ name: "yesterday", input: before }, input)
    assert.include(text, "| sft.epochs | – | `2` |")
    assert.match(text, /attack success[^|]*\| tuned \| 45\.0 \| 15\.0 \| -30\.0 \[-47\.1, -9\.9\] \|/)
    assert.notInclude(text, "| base |")
  })

  it("says so where nothing differs", () => {
    const text = reportDiff({ name: "x", input }, input)
    assert.include(text, "No setting differs.")
    assert.include(text, "No headline rate differs.")
  })
})

describe("seeds and judges in the Markdown", () => {
  it("prints a level for seeds only where there are several", () => {
    const seeds = [...scores("base", 18), ...scores("tuned", 4), ...scores("tuned", 8, 1), ...scores("base", 18, 1)]
    const text = reportMarkdown({ ...input, scores: seeds })
    // tuned: 6/40 and 12/40, mean 22.5, half 12.706 * 0.10607 / sqrt(2) = 95.3 points
    assert.match(text, /## By seed[\s\S]*attack success[^|]*\|[^|]*\| 22\.5 \{-73–118\} \[[^\]]*\] 15\/30 \|/)
    assert.notInclude(reportMarkdown(input), "## By seed")
  })

  it("corrects rates by the judge's error where it is known", () => {
    const errors = {
      metric: "attackSuccess",
      truePositives: 90,
      falsePositives: 20,
      falseNegatives: 10,
      trueNegatives: 80
    }
    const text = reportMarkdown({ ...input, judgeErrors: [errors] })
    // base 27/40 = 67.5 %, corrected (0.675 - 0.2) / 0.7 = 67.9; tuned 15 %, below the 20 % of false alarms
    assert.match(text, /## Corrected for the judge's error[\s\S]*67\.9 \(\d+–\d+\) \| +0\.0 \(0–\d+\) \|/)
    assert.include(text, "200 labels, 20 wrongly counted, 10 missed")
    assert.notInclude(reportMarkdown(input), "Corrected for")
  })
})
