/**
 * Pictures: well-formed and deterministic SVG, marks where the data say, labels apart, and a PNG that holds its texts.
 */
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { type LinePlot, linePlot } from "../../../nodes/plot/linePlot.ts"
import { spreadLabels } from "../../../nodes/plot/spreadLabels.ts"
import { svgToPng } from "../../../nodes/plot/svgToPng.ts"

const plot: LinePlot = {
  title: "Attack success <A & \"B\">",
  subtitle: "n = 600",
  x: { label: "Expert rows", percent: true, domain: [0, 1], ticks: [0, 0.5, 1] },
  y: { label: "ASR", percent: true, domain: [0, 1], ticks: [0, 0.5, 1] },
  series: [
    {
      label: "wrappers & co",
      x: [0, 0.5, 1],
      y: Float64Array.of(0.9, 0.5, 0.1),
      lo: [0.8, 0.4, 0],
      hi: [1, 0.6, 0.2],
      dots: [{ x: 0.5, y: 0.25 }]
    },
    { label: "topics", x: [0, 0.5, 1], y: [0.8, 0.4, 0.1] }
  ]
}

const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/gu)].map(([, text]) => text!)

const size = (png: Uint8Array) => {
  const view = new DataView(png.buffer, png.byteOffset)
  return [view.getUint32(16), view.getUint32(20)]
}

describe("linePlot", () => {
  it("names axes with units, ticks in percent, and each line at its end", async () => {
    const svg = await linePlot(plot)
    const written = texts(svg)
    for (const text of ["Expert rows (%)", "ASR (%)", "n = 600", "wrappers &amp; co", "topics", "50", "100"]) {
      assert.include(written, text)
    }
    assert.include(written, "Attack success &lt;A &amp; \"B\"&gt;")
    assert.include(svg, "aria-label=\"Attack success &lt;A &amp; &quot;B&quot;&gt;\"")
  })

  it("draws points, band and dots where the data say", async () => {
    const svg = await linePlot({ ...plot, width: 720, height: 440 })
    // Frame: top 62, bottom 390, left 64, right 720 - (20 + 13 * 8) = 596; 0.5 and 0.5 is its middle.
    assert.include(svg, "cx=\"330\"")
    assert.match(svg, /<circle[^>]*cy="226"[^>]*r="3.5"|<circle[^>]*r="3.5"[^>]*cy="226"/u)
    assert.match(svg, /<circle[^>]*cy="308"[^>]*r="2.5"|<circle[^>]*r="2.5"[^>]*cy="308"/u) // the dot at 25 %
    assert.include(svg, "M64,62L330,193.2L596,324.4L596,390L330,258.8L64,127.6Z")
    const without = await linePlot({ ...plot, series: [plot.series[1]!] })
    assert.notInclude(without, "fill-opacity=\"0.13\"")
  })

  it("writes ticks as they are, and keeps the label of the y axis clear of long ones", async () => {
    const svg = await linePlot({
      ...plot,
      x: { label: "fraction", ticks: [0, 0.05, 0.5] },
      y: { label: "learning rate" },
      series: [{ label: "a", x: [0, 1], y: [0, 0.0009] }]
    })
    assert.includeMembers([...texts(svg)], ["0", "0.05", "0.5", "0.0002"])
    // six characters of eight pixels beside the label's 34: the frame begins at 82, not at 64
    assert.match(svg, /<circle[^>]*cx="82"/u)
  })

  it("gives the same text every time", async () => {
    assert.strictEqual(await linePlot(plot), await linePlot(structuredClone(plot)))
  })

  it("starts at zero unless a domain is given", async () => {
    const series = [{ label: "s", x: [1, 2], y: [50, 60] }]
    const axes = { title: "t", x: { label: "step" }, series }
    assert.include(texts(await linePlot({ ...axes, y: { label: "loss" } })), "0")
    assert.notInclude(texts(await linePlot({ ...axes, y: { label: "loss", domain: [50, 60] } })), "0")
  })

  it("refuses series whose lists differ in length", async () => {
    const message = await linePlot({ ...plot, series: [{ label: "s", x: [1, 2], y: [1] }] }).catch(String)
    assert.match(message, /RangeError: line s: .*2, 1/u)
  })
})

describe("spreadLabels", () => {
  it("leaves labels that are apart and centres those that touch", () => {
    assert.deepStrictEqual(spreadLabels([10, 100, 50], { distance: 16, from: 0, to: 200 }), [10, 100, 50])
    assert.deepStrictEqual(spreadLabels([52, 48], { distance: 16, from: 0, to: 200 }), [58, 42])
    assert.deepStrictEqual(spreadLabels([200, 199, 198], { distance: 16, from: 0, to: 200 }), [200, 184, 168])
  })

  it("keeps order and distance within the frame", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const wanted = Array.from({ length: 9 }, (_, i) => (seed * 37 + i * i * 53) % 200)
      const placed = spreadLabels(wanted, { distance: 16, from: 0, to: 200 })
      const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b)
      for (const [i, label] of order.entries()) {
        assert.isTrue(placed[label]! >= 0 && placed[label]! <= 200)
        if (i > 0) assert.isAtLeast(placed[label]! - placed[order[i - 1]!]!, 16 - 1e-9)
      }
    }
  })
})

describe("svgToPng", () => {
  it("sets texts in the font of the package; without a font they vanish", async () => {
    const svg = await linePlot(plot)
    const png = await svgToPng(svg)
    assert.deepStrictEqual([...png.subarray(1, 4)], [...Buffer.from("PNG")])
    assert.deepStrictEqual(size(png), [1440, 880])
    const without = await svgToPng(svg, { fontFiles: [] })
    assert.isBelow(without.length, 0.8 * png.length)
    const bold = fileURLToPath(import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"))
    assert.notDeepEqual(await svgToPng(svg, { fontFiles: [bold] }), png)
  })

  it("gives the same bytes every time, in the size asked for", async () => {
    const svg = await linePlot(plot)
    assert.deepStrictEqual(await svgToPng(svg, { zoom: 1 }), await svgToPng(svg, { zoom: 1 }))
    assert.deepStrictEqual(size(await svgToPng(svg, { zoom: 1 })), [720, 440])
  })
})
