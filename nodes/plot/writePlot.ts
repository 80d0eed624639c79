/**
 * Writes a drawn sweep into the folder of an artifact. Bodies of nodes may not touch the file system; the folder they are
 * given is theirs to fill.
 */
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs" // pipeline: allow fs, writes only below the folder of the artifact
import { join } from "node:path"
import type { SweepPlot } from "./sweepPlot.ts"

/** Fills `dir` with `attack-success.svg`, `attack-success.png`, `points.json` and `points.md`. */
export const writePlot = (dir: string, { markdown, png, points, svg }: SweepPlot): Effect.Effect<void> =>
  Effect.sync(() => {
    const files = {
      "attack-success.svg": svg,
      "attack-success.png": png,
      "points.json": `${JSON.stringify(points, null, 2)}\n`,
      "points.md": `${markdown}\n`
    }
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(dir, name), content) // pipeline: allow fs, writes only below the folder of the artifact
    }
  })
