/** Rates of several arms with their intervals, one line an arm, as an SVG text: the picture at the head of a report. */
import type { Interval } from "../maths/Interval.ts"
import { escapeHtml } from "./markdownHtml.ts"

export interface ForestRow {
  readonly label: string
  /** 0 to 1. */
  readonly share: number
  readonly interval: Interval
}

const width = 720
const labelWidth = 220
const rowHeight = 26
const top = 54
const right = 70

/** A plot of shares from 0 to 100 %. Deterministic, without scripts, styles of its own only. */
export const forestPlot = (title: string, subtitle: string, rows: ReadonlyArray<ForestRow>): string => {
  const height = top + rows.length * rowHeight + 34
  const x = (share: number) => Number((labelWidth + share * (width - labelWidth - right)).toFixed(1))
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
  const bottom = top + rows.length * rowHeight
  const grid = ticks.map((tick) =>
    `<line x1="${x(tick)}" x2="${x(tick)}" y1="${top - 6}" y2="${bottom}" stroke="#d7dbe2"/>`
    + `<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle" fill="#5b6472">${100 * tick} %</text>`
  )
  const drawn = rows.map(({ interval, label, share }, i) => {
    const y = top + i * rowHeight + rowHeight / 2
    return `<text x="${labelWidth - 12}" y="${y + 4}" text-anchor="end" fill="#1f2430">${escapeHtml(label)}</text>`
      + `<line x1="${x(interval.lo)}" x2="${x(interval.hi)}" y1="${y}" y2="${y}" stroke="#0072b2" stroke-width="3"/>`
      + `<circle cx="${x(share)}" cy="${y}" r="5" fill="#0072b2"/>`
      + `<text x="${x(1) + 10}" y="${y + 4}" fill="#1f2430">${(100 * share).toFixed(1)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" `
    + `font-family="system-ui, sans-serif" font-size="13"><title>${escapeHtml(title)}</title>`
    + `<text x="0" y="16" font-weight="600" font-size="15" fill="#1f2430">${escapeHtml(title)}</text>`
    + `<text x="0" y="34" fill="#5b6472">${escapeHtml(subtitle)}</text>${grid.join("")}${drawn.join("")}</svg>`
}
