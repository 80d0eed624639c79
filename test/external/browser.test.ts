/**
 * Pages as a reader sees them, in a headless Chromium: what nbconvert makes of the notebooks, and `pipeline report`'s HTML.
 * Checked by structure: texts that are there and do not lie over each other, tables that sort, figures that have a size,
 * nothing beyond the window, nothing from the network, and nothing that a model wrote running. Needs Chromium, Python and
 * a package registry; fails with what to install where one is missing.
 */
import { readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { figure } from "../../notebooks/library/figure.ts"
import { htmlTable } from "../../notebooks/library/htmlTable.ts"
import { type SmallRuns, smallRuns } from "../cli/smallRuns.ts"
import { type Browser, openBrowser, type Page } from "../support/browser.ts"
import { cellsOfFile, dataOf, installJupyter, type Jupyter, type Output, withNotebook } from "../support/jupyter.ts"
import { assertLaidOut, collisionsOf, openPage, sizesOf, textsOf, tooWideOf } from "../support/pageLayout.ts"
import { pipeline, projectRoot, temporaryFolder } from "../support/pipeline.ts"

const temporary = temporaryFolder()
const cache = join(temporary.path, "cache")
let browser: Browser
let jupyter: Jupyter
let small: SmallRuns

const opened = (file: string): Promise<Page> => openPage(browser, file)

const openedText = (name: string, text: string): Promise<Page> => {
  const file = join(temporary.path, name)
  writeFileSync(file, text)
  return opened(file)
}

/** Where nbconvert cuts long lines of code: its own doing, and the outputs are what is looked at. */
const notebookCode = ".jp-InputArea"

/** nbconvert's pages ask for RequireJS and MathJax, which nothing here uses. */
const ownRequests = (page: Page): ReadonlyArray<string> =>
  page.requests.filter((address) => !address.startsWith("https://cdnjs.cloudflare.com/ajax/libs/"))

const outputsOf = (notebook: string): ReadonlyArray<Output> =>
  cellsOfFile(notebook).flatMap((cell) => cell.outputs ?? [])

const shipped = readdirSync(join(projectRoot, "notebooks")).filter((name) => /^\w+\.ipynb$/u.test(name))

beforeAll(async () => {
  browser = await openBrowser()
  jupyter = await installJupyter(join(temporary.path, "venv"))
  const quickstart = await pipeline("run", "experiments/quickstart.ts", "--cache", cache)
  assert.strictEqual(quickstart.exitCode, 0, quickstart.stderr)
  small = await smallRuns()
})

afterAll(async () => {
  await browser?.close()
  small?.remove()
  temporary.remove()
})

describe("what is looked for", () => {
  it("is found in a page that has it", async () => {
    const page = await openedText(
      "wrong.html",
      `<!doctype html><p style="width: 700px">wide</p><p style="height: 4px; margin: 0">under</p><p style="margin: 0">over</p>
      <p hidden>unseen</p><svg width="40" height="20"><text y="15">longer than its picture</text></svg>
      <script>console.error("said"); throw new Error("thrown")</script>
      <img src="http://localhost/asked"><img src="missing.png" onerror="alert('run')">`
    )
    await page.resize(600)
    assert.deepStrictEqual((await textsOf(page)).split("\n"), ["wide", "under", "over", "longer than its picture"])
    assert.deepStrictEqual(await collisionsOf(page), [
      "\"under\" lies over \"over\"",
      "\"longer than its picture\" ends outside of its picture"
    ])
    assert.deepStrictEqual(await tooWideOf(page, "none"), ["the page is 708 wide", "<p class=\"\"> ends at 708"])
    assert.deepStrictEqual([...page.errors].sort(), ["Error: thrown", "dialog: run", "said"])
    assert.sameMembers([...page.requests], [
      "http://localhost/asked",
      pathToFileURL(join(temporary.path, "missing.png")).href
    ])
  })
})

describe.each(shipped)("the page of %s", (name) => {
  const notebook = join(projectRoot, "notebooks", name)
  let page: Page
  beforeAll(async () => {
    page = await opened(await jupyter.toHtml(notebook, temporary.path))
  })

  it("has all outputs, each with a size", async () => {
    const outputs = outputsOf(notebook)
    const tables = outputs.filter((output) => dataOf(output, "text/html").includes("<table"))
    const figures = outputs.filter((output) => dataOf(output, "image/svg+xml") !== "")
    assert.isAbove(tables.length, 0)
    assert.lengthOf(await sizesOf(page, ".jp-OutputArea-output table"), tables.length)
    for (const [width, height] of await sizesOf(page, ".jp-OutputArea-output tr")) {
      assert.isAbove(Math.min(width, height), 10)
    }
    assert.deepStrictEqual(await sizesOf(page, ".jp-OutputArea-output img"), figures.map(() => [720, 440]))
    const texts = await textsOf(page)
    for (const cell of cellsOfFile(notebook).filter(({ cell_type }) => cell_type === "markdown")) {
      const heading = /^#+ (.*)$/mu.exec([(cell as { readonly source?: string }).source ?? ""].flat().join(""))
      if (heading !== null) assert.include(texts, heading[1]!)
    }
  })

  it("is laid out, in a wide window and a narrow one", async () => {
    await assertLaidOut(page, notebookCode)
    assert.deepStrictEqual([page.errors, ownRequests(page)], [[], []])
  })

  it("has figures whose texts keep clear of each other", async () => {
    for (const [i, output] of outputsOf(notebook).entries()) {
      const svg = dataOf(output, "image/svg+xml")
      if (svg === "") continue
      const figure = await openedText(`figure-${i}.svg`, svg)
      assert.include(await textsOf(figure), /^\[figure: (.*)\]$/u.exec(dataOf(output, "text/plain"))![1]!)
      assert.deepStrictEqual(await collisionsOf(figure), [])
    }
  })
})

describe("a figure", () => {
  it("keeps the names of lines that end together apart", async () => {
    const y = [0.5, 0.9]
    const series = ["one", "another", "a third", "the last of all"].map((label) => ({ label, x: [0, 1], y }))
    const { svg } = await figure({ title: "Four", x: { label: "share" }, y: { label: "rate", percent: true }, series })
    const page = await openedText("four.svg", svg)
    assert.include(await textsOf(page), "another\na third")
    assert.deepStrictEqual(await collisionsOf(page), [])
  })
})

/** The cells of a column, from the top. */
const columnOf = (page: Page, table: string, column: number): Promise<ReadonlyArray<string>> =>
  page.evaluate(`[...document.querySelectorAll('${table} tbody tr')].map((row) => row.children[${column}].textContent)`)

/** The first table of a page sorts by its columns `node` and `rows`, the first and the third. */
const assertSorts = async (page: Page): Promise<void> => {
  const name = await page.evaluate<string>("document.querySelector('table[data-table]').dataset.table")
  const table = `table[data-table="${name}"]`
  const before = await columnOf(page, table, 2)
  const numbers = before.filter((cell) => cell !== "null").map(Number)
  const nulls = before.filter((cell) => cell === "null")
  assert.isAbove(nulls.length, 0)
  const up = [...numbers].sort((a, b) => a - b).map(String)
  assert.notDeepEqual(before.slice(0, up.length), up)
  await page.click(`${table} th:nth-child(3)`)
  assert.deepStrictEqual(await columnOf(page, table, 2), [...up, ...nulls])
  await page.click(`${table} th:nth-child(3)`)
  assert.deepStrictEqual(await columnOf(page, table, 2), [...up.toReversed(), ...nulls])
  const names = await columnOf(page, table, 0)
  await page.click(`${table} th:nth-child(1)`)
  assert.deepStrictEqual(await columnOf(page, table, 0), [...names].sort(new Intl.Collator("en").compare))
}

describe("a table", () => {
  it("is sorted by clicks on a heading, up and down, null last", async () => {
    const rows = [["b", null], ["c", 10], ["a", 9], ["d", 100]] as const
    const html = htmlTable(rows.map(([node, rows]) => ({ node, result: "table", rows })))
    await assertSorts(await openedText("table.html", `<!doctype html>${html}`))
  })

  it("is sorted in the page of a notebook that ships", async () => {
    const notebook = join(projectRoot, "notebooks", "quickstart.ipynb")
    await assertSorts(await opened(await jupyter.toHtml(notebook, temporary.path)))
  })
})

/** What would say `planted` if any of it were taken for markup. */
const hostile = "</td></table></script><script>globalThis.planted = 1</script>"
  + "<img src=\"planted.png\" onerror=\"globalThis.planted = 2\"><svg onload=\"globalThis.planted = 3\">"

const planted = (page: Page): Promise<unknown> => page.evaluate("globalThis.planted ?? null")

describe("what a model wrote", () => {
  it("is text in every output of a notebook", async () => {
    const source = [
      "// %%",
      "import { figure } from \"./library/figure.ts\"",
      "import { show } from \"./library/show.ts\"",
      "import { transcript } from \"./library/transcript.ts\"",
      `const hostile = ${JSON.stringify(hostile)}`,
      "await show([{ n: 1, [hostile]: hostile }, { n: 2, [hostile]: { inside: [hostile] } }])",
      "// %%",
      "const row = { id: hostile, prompt: hostile, reasoning: hostile, answer: hostile, critique: hostile }",
      "const clauses = [{ clauseId: hostile, title: hostile, text: hostile }]",
      "await show(transcript({ ...row, verdict: hostile, cited: [hostile] }, { clauses }))",
      "// %%",
      "await show(hostile)",
      "// %%",
      "const series = [{ label: hostile, x: [1, 2], y: [1, 2] }]",
      "await show(await figure({ title: hostile, subtitle: hostile, x: { label: hostile }, y: { label: hostile }, series }))"
    ]
    const target = join(temporary.path, "hostile.ipynb")
    await withNotebook(source, (file) => jupyter.execute(file, cache, target))
    const page = await opened(await jupyter.toHtml(target, temporary.path))
    assert.strictEqual(await planted(page), null)
    assert.deepStrictEqual([page.errors, ownRequests(page)], [[], []])
    const texts = await textsOf(page, ".jp-OutputArea-output")
    // table: heading, cell, cell in JSON; transcript: small print, four texts, the clause's three, verdict; text
    assert.isAtLeast(texts.split("globalThis.planted = 1").length - 1, 13)
    const [, , , picture] = outputsOf(target)
    const figure = await openedText("hostile.svg", dataOf(picture!, "image/svg+xml"))
    assert.strictEqual(await planted(figure), null)
    assert.deepStrictEqual([figure.errors, figure.requests], [[], []])
    assert.include(await textsOf(figure), hostile)
  })

  it("is text in a report", async () => {
    const { exitCode } = await small.ask("report", "--run", "latest~1", "--to", "hostile.html")
    assert.strictEqual(exitCode, 0)
    const page = await opened(join(small.path, "hostile.html"))
    await page.evaluate("document.querySelectorAll('details').forEach((details) => void (details.open = true))")
    assert.include(await textsOf(page), "seven <script>alert(1)</script> <img src=x onerror=alert(2)> ␛[31m ```")
    assert.deepStrictEqual([page.errors, page.requests], [[], []])
    await assertLaidOut(page)
  })
})

describe("the page of pipeline report", () => {
  let page: Page
  let markdown = ""
  beforeAll(async () => {
    const html = await pipeline("report", "--cache", cache, "--to", join(temporary.path, "report.html"))
    assert.strictEqual(html.exitCode, 0, html.stderr)
    markdown = (await pipeline("report", "--cache", cache)).stdout
    page = await opened(join(temporary.path, "report.html"))
  })

  it("has the sections, tables and rows of the Markdown, and two pictures", async () => {
    const titles = [...markdown.matchAll(/^## (.*)$/gmu)].map(([, title]) => title!)
    const shown = await page.evaluate<ReadonlyArray<string>>(
      "[...document.querySelectorAll('h2')].map((heading) => heading.innerText)"
    )
    assert.includeMembers(titles, ["Results", "Change from base", "Time and cost", "Sample transcripts", "Provenance"])
    assert.deepStrictEqual([...shown].sort(), [...titles, "Pictures"].sort())
    // a table's rule is no row
    const lines = markdown.split("\n").filter((line) => line.startsWith("|"))
    const rules = lines.filter((line) => /^\|(?: ?:?-+:? ?\|)+$/u.test(line))
    assert.isAbove(rules.length, 5)
    assert.lengthOf(await sizesOf(page, "table"), rules.length)
    assert.lengthOf(await sizesOf(page, "tr"), lines.length - rules.length)
    for (const [width, height] of await sizesOf(page, "td, th")) assert.isAbove(Math.min(width, height), 10)
    const pictures = await sizesOf(page, "svg")
    assert.lengthOf(pictures, 2)
    for (const [width, height] of pictures) assert.isTrue(width === 720 && height > 100, `${width} × ${height}`)
    const texts = await textsOf(page, "svg")
    for (const text of ["Attack success (lower is better)", "verify-SFT", "Over-refusal (lower is better)"]) {
      assert.include(texts, text)
    }
  })

  it("shows a transcript when it is opened, and not before", async () => {
    const before = await textsOf(page)
    assert.include(before, "An attack that works on base")
    assert.notInclude(before, "sorry i can not share that")
    await page.click("details summary")
    assert.include(await textsOf(page), "sorry i can not share that")
  })

  it("is laid out with every transcript open, and asks for nothing", async () => {
    await page.evaluate("document.querySelectorAll('details').forEach((details) => void (details.open = true))")
    await assertLaidOut(page)
    assert.deepStrictEqual([page.errors, page.requests], [[], []])
  })
})
