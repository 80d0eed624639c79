/**
 * A line plot for a notebook, as a vector picture and as pixels: an untrusted notebook shows no SVG, and some viewers no
 * other. How it is drawn is in `nodes/plot/linePlot.ts`.
 */
import { type LinePlot, linePlot } from "../../nodes/plot/linePlot.ts"
import { svgToPng } from "../../nodes/plot/svgToPng.ts"

/** A drawn plot: give it to `show`. */
export interface Figure {
  readonly svg: string
  /** Twice as many pixels as `width`. */
  readonly png: Uint8Array
  readonly title: string
  /** Unit: pixels of the page. */
  readonly width: number
}

/** Draws. **Fails**: rejects with `RangeError` where the lists of a series differ in length or are empty. */
export const figure = async (plot: LinePlot): Promise<Figure> => {
  const svg = await linePlot(plot)
  return { svg, png: await svgToPng(svg), title: plot.title, width: plot.width ?? 720 }
}
