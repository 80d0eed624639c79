/**
 * What a reader sees of a page, asked of Chromium: its texts, whether they lie over each other, what is wider than the
 * window. How that is found is in `pageLayout.js`, which is put into the page.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { assert } from "vitest"
import type { Browser, Page } from "./browser.ts"

/** Windows that pages are looked at in. Unit: CSS pixels. */
const widths = [1280, 600]

const script = readFileSync(new URL("pageLayout.js", import.meta.url), "utf8")

/** Opens a file in the wide window, ready to be asked. */
export const openPage = async (browser: Browser, file: string): Promise<Page> => {
  const page = await browser.open(pathToFileURL(file), widths[0]!)
  await page.evaluate(script)
  return page
}

/** Every text that can be read in the elements that a selector finds, a line a text. */
export const textsOf = (page: Page, within = ":root"): Promise<string> =>
  page.evaluate(`pageLayout.texts(${JSON.stringify(within)})`)

/** Texts that lie over each other or end outside of their picture. */
export const collisionsOf = (page: Page): Promise<ReadonlyArray<string>> => page.evaluate("pageLayout.collisions()")

/** What ends beyond the window and cannot be scrolled to, but for what stands within `except`. */
export const tooWideOf = (page: Page, except: string): Promise<ReadonlyArray<string>> =>
  page.evaluate(`pageLayout.tooWide(${JSON.stringify(except)})`)

/** With `PICTURES=DIR` what was looked at is kept there, for people. */
const picture = async (page: Page, width: number): Promise<void> => {
  const folder = process.env["PICTURES"]
  if (folder === undefined) return
  const name = await page.evaluate<string>("location.pathname.split('/').at(-1).split('.')[0]")
  writeFileSync(join(folder, `${name}-${width}.png`), await page.screenshot())
}

/** Texts and boxes are where they should be, in a wide and in a narrow window; parts within `except` may be cut. */
export const assertLaidOut = async (page: Page, except = "none"): Promise<void> => {
  for (const width of widths) {
    await page.resize(width)
    assert.deepStrictEqual(await collisionsOf(page), [], `collisions at ${width}`)
    assert.deepStrictEqual(await tooWideOf(page, except), [], `too wide at ${width}`)
    await picture(page, width)
  }
}

/** Sizes of the elements that a selector finds. Unit: CSS pixels. */
export const sizesOf = (
  page: Page,
  selector: string
): Promise<ReadonlyArray<readonly [width: number, height: number]>> =>
  page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].map((element) => {
    const { height, width } = element.getBoundingClientRect()
    return [Math.round(width), Math.round(height)]
  })`)
