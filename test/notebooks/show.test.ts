/** What is shown of rows, texts and figures, with a kernel and without one. */
import { parseHTML } from "linkedom"
import { afterEach, assert, describe, it, vi } from "vitest"
import { figure } from "../../notebooks/library/figure.ts"
import { escapeHtml, htmlTable } from "../../notebooks/library/htmlTable.ts"
import { show } from "../../notebooks/library/show.ts"

interface Message {
  readonly type: string
  readonly content: {
    readonly data: { readonly [mime: string]: string }
    readonly metadata: { readonly [mime: string]: object }
  }
}

/** Pretends to run in Deno's kernel and keeps what is sent to it. */
const withKernel = (): ReadonlyArray<Message> => {
  const sent: Array<Message> = []
  const broadcast = (type: string, content: Message["content"]) => Promise.resolve(void sent.push({ type, content }))
  vi.stubGlobal("Deno", { jupyter: { broadcast } })
  return sent
}

/** Deno outside a kernel: the property is there and throws. */
const withoutKernel = (): ReadonlyArray<unknown> => {
  const printed: Array<unknown> = []
  vi.stubGlobal("Deno", {
    get jupyter() {
      throw new Error("Deno.jupyter is only available in `deno jupyter` subcommand.")
    }
  })
  vi.spyOn(console, "log").mockImplementation((text) => void printed.push(text))
  return printed
}

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** The text between the tags of each body cell. */
const cells = (html: string): ReadonlyArray<string> =>
  [...html.matchAll(/<td[^>]*>(.*?)<\/td>/gsu)].map(([, inner]) => inner!)

describe("htmlTable", () => {
  it("shows what a model wrote as text", () => {
    const hostile = "<script>alert(1)</script> & \"q\" 'a' <img src=x onerror=alert(1)>"
    const html = htmlTable([{ "<b>": hostile, nested: [hostile] }])
    assert.notMatch(html, /<(script|img|b)[ >]/u)
    assert.strictEqual(
      cells(html)[0],
      "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;q&quot; &#39;a&#39; &lt;img src=x onerror=alert(1)&gt;"
    )
    assert.include(html, "&lt;b&gt;</th>")
  })

  it("spells out what hides or acts, and keeps lines", () => {
    assert.strictEqual(escapeHtml("a\u202eb\u001b[2Jc\nd"), "a\\u{202e}b␛[2Jc\nd")
  })

  it("cuts a long cell, says how long it is, and halves no character", () => {
    const [long, emoji, exact] = cells(htmlTable([{ a: "x".repeat(1234), b: "abc😀def", c: "abcd" }], { cut: 4 }))
    assert.match(long!, /^x{4}… <span[^>]*>\(1,234 characters\)<\/span>$/u)
    assert.match(emoji!, /^abc… <span[^>]*>\(7 characters\)<\/span>$/u)
    assert.strictEqual(exact, "abcd")
  })

  it("cuts before it escapes, so that no entity is halved", () => {
    assert.match(cells(htmlTable([{ a: "<<<<" }], { cut: 2 }))[0]!, /^&lt;&lt;… /u)
  })

  it("says how many rows there are", () => {
    const rows = Array.from({ length: 1200 }, (_, i) => ({ i }))
    const html = htmlTable(rows, { limit: 3 })
    assert.deepStrictEqual(cells(html), ["0", "1", "2"])
    assert.include(html, "<p>3 of 1,200 rows</p>")
    assert.notInclude(htmlTable(rows.slice(0, 3)), "rows</p>")
    assert.strictEqual(htmlTable([]), "<p>no rows</p>")
  })

  it("tells null from the text null, numbers from texts, and takes rows of other columns", () => {
    const html = htmlTable([{ a: null, b: 1 }, { a: "null", c: 0.1 + 0.2 }])
    assert.match(cells(html)[0]!, /^<span/u)
    assert.strictEqual(cells(html)[3], "null")
    assert.strictEqual(cells(html)[5], "0.3")
    assert.strictEqual(html.match(/text-align: right/gu)?.length, 6)
  })
})

describe("a table's script", () => {
  const sorted = (rows: Parameters<typeof htmlTable>[0]) => {
    const { document, Event } = parseHTML(`<!doctype html><html><body>${htmlTable(rows)}</body></html>`)
    const script = document.querySelector("script")!.textContent!
    // what a browser does with the script, twice: a cell may have been run again
    for (let i = 0; i < 2; i++) new Function("document", script)(document)
    const [first] = document.querySelectorAll("th")
    return {
      click: () => first!.dispatchEvent(new Event("click")),
      column: () => [...document.querySelectorAll("tbody tr")].map((row) => row.children[0]!.textContent),
      order: () => first!.getAttribute("aria-sort")
    }
  }

  it("sorts numbers by size, up and down, null last", () => {
    const { click, column, order } = sorted([{ n: 10 }, { n: null }, { n: 9 }, { n: -1.5 }, { n: 100n }])
    click()
    assert.deepStrictEqual([column(), order()], [["-1.5", "9", "10", "100", "null"], "ascending"])
    click()
    assert.deepStrictEqual([column(), order()], [["100", "10", "9", "-1.5", "null"], "descending"])
  })

  it("sorts texts, and holds none of them", () => {
    const hostile = "</script><script>alert(1)</script>"
    const { click, column } = sorted([{ t: "b" }, { t: hostile }, { t: "a" }])
    click()
    assert.deepStrictEqual(column(), [hostile, "a", "b"])
    const html = htmlTable([{ t: hostile }, { t: "x" }])
    assert.notInclude(html.slice(html.indexOf("<script>") + 8), "alert")
    assert.strictEqual(htmlTable([{ t: hostile }]).includes("<script>"), false, "one row needs no order")
  })
})

describe("show", () => {
  it("sends rows to a kernel as HTML and text, and waits before the cell may end", async () => {
    const sent = withKernel()
    vi.useFakeTimers()
    let done = false
    const shown = show([{ a: "<i>" }]).then(() => void (done = true))
    await vi.advanceTimersByTimeAsync(24)
    assert.strictEqual(sent.length, 1)
    assert.isFalse(done)
    await vi.advanceTimersByTimeAsync(1)
    await shown
    const [{ content, type }] = sent as [Message]
    assert.strictEqual(type, "display_data")
    assert.strictEqual(cells(content.data["text/html"]!)[0], "&lt;i&gt;")
    assert.strictEqual(content.data["text/plain"], "a\n<i>\n1 row")
  })

  it("sends a text as text only", async () => {
    const sent = withKernel()
    await show("<b>one</b>\n\u001b[31mtwo")
    assert.deepStrictEqual(sent[0]!.content.data, { "text/plain": "<b>one</b>\n␛[31mtwo" })
  })

  it("sends a figure as a vector picture and as pixels at their size on the page", async () => {
    const sent = withKernel()
    const plot = await figure({
      title: "A & B",
      x: { label: "x" },
      y: { label: "y" },
      width: 300,
      height: 200,
      series: [{ label: "line", x: [0, 1], y: [1, 2] }]
    })
    await show(plot)
    const { data, metadata } = sent[0]!.content
    const png = Buffer.from(data["image/png"]!, "base64")
    assert.deepStrictEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [600, 400])
    assert.deepStrictEqual(metadata["image/png"], { width: 300 })
    assert.match(data["image/svg+xml"]!, /^<svg[^>]*xmlns=/u)
    assert.strictEqual(data["text/plain"], "[figure: A & B]")
  })

  it("sends one row as a transcript", async () => {
    const sent = withKernel()
    await show({ prompt: "<i>", sampleId: "p#1", verdict: null })
    assert.deepStrictEqual(sent[0]!.content.data["text/plain"], "sampleId p#1\nPrompt\n  <i>")
    assert.include(sent[0]!.content.data["text/html"], "&lt;i&gt;")
    assert.notInclude(sent[0]!.content.data["text/html"]!, "<i>")
  })

  it("prints text where there is no kernel", async () => {
    const printed = withoutKernel()
    await show([{ answer: "yes", n: 2 }])
    await show("done")
    vi.stubGlobal("Deno", undefined)
    await show("in Node")
    assert.deepStrictEqual(printed, ["answer  n\nyes     2\n1 row", "done", "in Node"])
  })
})
