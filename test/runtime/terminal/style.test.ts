/** Colour: off and on as NO_COLOR and FORCE_COLOR say, and never a reason to cut more or less. */
import { PassThrough } from "node:stream"
import { stripVTControlCharacters } from "node:util"
import { afterEach, assert, describe, it, vi } from "vitest"
import { paint, type Piece, styleFor, uncoloured } from "../../../runtime/terminal/style.ts"

afterEach(() => {
  vi.unstubAllEnvs()
})

const environment = (values: { readonly [name: string]: string | undefined }) => {
  for (const name of ["NO_COLOR", "FORCE_COLOR", "NODE_DISABLE_COLORS"]) vi.stubEnv(name, values[name])
}

describe("styleFor", () => {
  it("colours by force, and not without", () => {
    environment({ FORCE_COLOR: "1" })
    assert.strictEqual(styleFor(new PassThrough())("bad", "x"), "\x1b[31mx\x1b[39m")
    environment({})
    assert.strictEqual(styleFor(new PassThrough())("bad", "x"), "x")
    environment({ NO_COLOR: "1" })
    assert.strictEqual(
      styleFor(Object.assign(new PassThrough(), { isTTY: true, getColorDepth: () => 1 }))("bad", "x"),
      "x"
    )
  })
})

describe("paint", () => {
  const pieces: ReadonlyArray<Piece> = [["one ", "good"], ["two "], ["three", "dim"]]

  it("cuts before it colours", () => {
    environment({ FORCE_COLOR: "1" })
    const coloured = styleFor(new PassThrough())
    assert.strictEqual(paint(pieces, 80, uncoloured), "one two three")
    assert.strictEqual(paint(pieces, 10, uncoloured), "one two t…")
    assert.strictEqual(paint(pieces, 6, uncoloured), "one t…")
    for (let width = 0; width < 20; width++) {
      assert.strictEqual(stripVTControlCharacters(paint(pieces, width, coloured)), paint(pieces, width, uncoloured))
    }
  })
})
