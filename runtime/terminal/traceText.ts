/**
 * The way of a row for people: two trees, where it came from and what came of it, one line a row. Pure; the walk is
 * `Trace.ts`'s.
 */
import type { Trace, Traced } from "../Trace.ts"
import { shortCell } from "./cellText.ts"
import { count } from "./format.ts"
import { spaced } from "./nodeLines.ts"
import { paint, type Piece, type Style, uncoloured } from "./style.ts"
import { cut, visible } from "./text.ts"

export interface TraceTextOptions {
  /** Columns of the terminal; no line is longer. */
  readonly width: number
  readonly style?: Style
}

/** Columns of the terminal that one cell may take. */
const cellColumns = 40

const cellsText = ({ cells = [] }: Traced): string =>
  cells.map(([name, cell]) => `${visible(name)} ${cut(visible(shortCell(cell)), cellColumns)}`).join("  ")

/** A run's name to the second, which commands accept. */
const shortRun = (run: string): string => /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d/u.exec(run)?.[0] ?? run

/** `ran 3f2a91c0`, and the run that made it where that is another. */
const provenance = ({ key, madeBy, state }: Traced, run: string): string =>
  [state, key?.slice(0, 8), madeBy === undefined || madeBy === run ? "" : `made by ${shortRun(madeBy)}`]
    .filter((part) => part !== undefined && part !== "").join(" ")

const pieces = (traced: Traced, run: string): ReadonlyArray<Piece> => {
  const { again, by, kind, label, more, row } = traced
  if (more !== undefined) return [[`… ${count(more)} more of ${visible(label)}`, "dim"]]
  return spaced([
    [visible(label), "strong"],
    [row === undefined ? kind : visible(row)],
    by === undefined ? undefined : [by],
    again === true ? ["(as above)", "dim"] : undefined,
    [cellsText(traced)],
    again === true ? undefined : [provenance(traced, run), "dim"]
  ])
}

/** A node's line and those below it. `stem` stands before what follows. */
const lines = (
  traced: Traced,
  head: string,
  stem: string,
  run: string,
  options: Required<TraceTextOptions>
): ReadonlyArray<string> => {
  const { style, width } = options
  const own = paint([[head, "dim"], ...pieces(traced, run)], width, style)
  return [
    own,
    ...traced.next.flatMap((next, index) => {
      const last = index === traced.next.length - 1
      return lines(next, stem + (last ? "└─ " : "├─ "), stem + (last ? "   " : "│  "), run, options)
    })
  ]
}

/** Both trees as one text without a line feed at its end. */
export const traceText = ({ down, row, run, up }: Trace, { style = uncoloured, width }: TraceTextOptions): string => {
  const tree = (title: string, next: ReadonlyArray<Traced>) =>
    next.length === 0 ? [] : [style("dim", title), ...lines({ ...row, next }, "", "", run, { style, width })]
  const trees = [...tree("from", up), ...tree("to", down)]
  return (trees.length > 0 ? trees : lines(row, "", "", run, { style, width })).join("\n")
}
