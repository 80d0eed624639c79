/**
 * An SVG as PNG, the same bytes on every machine: no font of the system is read, labels are set in DejaVu Sans. Without
 * a font the renderer would silently leave out every text.
 */
import { fileURLToPath } from "node:url"

export interface PngOptions {
  /** Pixels of the picture per pixel of the SVG; 2 unless told, for sharp screens. */
  readonly zoom?: number
  /** TrueType files (woff is not read); DejaVu Sans, regular and bold, unless told. */
  readonly fontFiles?: ReadonlyArray<string>
}

/** Paths of the fonts that come with the package `dejavu-fonts-ttf`. */
const dejavu = (): ReadonlyArray<string> =>
  ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((file) =>
    fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${file}`))
  )

/** The picture on white, as the bytes of a PNG file. **Fails**: rejects where `svg` is no well-formed SVG. */
export const svgToPng = async (
  svg: string,
  { fontFiles = dejavu(), zoom = 2 }: PngOptions = {}
): Promise<Uint8Array> => {
  const { Resvg } = await import("@resvg/resvg-js")
  const resvg = new Resvg(svg, {
    fitTo: { mode: "zoom", value: zoom },
    background: "#fff",
    font: { loadSystemFonts: false, fontFiles: [...fontFiles], defaultFontFamily: "DejaVu Sans" }
  })
  return resvg.render().asPng()
}
