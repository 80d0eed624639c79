/**
 * What is measured and what it must reach: one line a figure, in the order they are printed. The numbers are those of
 * the project's plan; how each was measured at its peers is in `bench/README.md`.
 */
import type { Use } from "./Command.ts"

/** How much work there is. Full sizes are those that the targets are for. */
export interface Sizes {
  /** Nodes in each of the ten layers. */
  readonly width: number
  readonly largeWidth: number
  /** Nodes in each layer where a process is killed: enough for many commit batches. */
  readonly killedWidth: number
  /** Rows of about 110 bytes, and of about 1 kB. */
  readonly rows: number
  readonly largeRows: number
  /** Rows where a process is killed, likewise. */
  readonly killedRows: number
  readonly clauseRows: number
  readonly failingRows: number
}

export const fullSizes: Sizes = {
  width: 100,
  largeWidth: 1000,
  killedWidth: 100,
  rows: 1_000_000,
  largeRows: 1_000_000,
  killedRows: 1_000_000,
  clauseRows: 50_000,
  failingRows: 10_000
}

export const quickSizes: Sizes = {
  width: 10,
  largeWidth: 20,
  killedWidth: 50,
  rows: 10_000,
  largeRows: 10_000,
  killedRows: 50_000,
  clauseRows: 5_000,
  failingRows: 1_000
}

/** A limit on what a process used; the best of all runs counts, because other work only ever adds. */
interface Limit {
  readonly of: Extract<keyof Use, "wallS" | "quietS" | "cpuS">
  readonly atMost: number
  /** What the bodies alone use is taken off. */
  readonly beyondBodies?: true
}

export interface FigureSpec {
  readonly id: string
  readonly what: (sizes: Sizes) => string
  readonly limit?: Limit
  readonly rssAtMost?: number
}

const figure = (id: string, what: FigureSpec["what"], rest: Pick<FigureSpec, "limit" | "rssAtMost"> = {}) => ({
  id,
  what,
  ...rest
})

const cpu = (atMost: number): Limit => ({ of: "cpuS", atMost })
const quiet = (atMost: number): Limit => ({ of: "quietS", atMost })

const many = (n: number): string => n.toLocaleString("en-US")
const nodes = ({ width }: Sizes) => `${many(10 * width)} nodes`
const largeNodes = ({ largeWidth }: Sizes) => `${many(10 * largeWidth)} nodes`
const rows = ({ rows }: Sizes) => `${many(rows)} rows`

const gigabyte = 1e9

export const figures: ReadonlyArray<FigureSpec> = [
  figure("help", () => "pipeline --help", { limit: quiet(0.15) }),
  figure("W1", (sizes) => `${nodes(sizes)}, cold`, { limit: cpu(1.5) }),
  figure("W2", (sizes) => `${nodes(sizes)}, again`, { limit: quiet(0.4) }),
  figure("W12p", (sizes) => `plan, ${nodes(sizes)}, one source edited`, { limit: quiet(0.5) }),
  figure("W12w", () => "why, of that source's node", { limit: quiet(0.5) }),
  figure("W3a", () => "one source's value", { limit: quiet(0.5) }),
  figure("W3b", () => "a constant in a leaf body", { limit: quiet(0.5) }),
  figure("W4", () => "white space in a source", { limit: quiet(0.5) }),
  figure("W5c", () => "two comments", { limit: quiet(0.5) }),
  figure("W5h", () => "a helper two calls deep", { limit: quiet(0.5) }),
  figure("W7a", () => "parameter changed"),
  figure("W7b", () => "parameter changed back"),
  figure("W1x", (sizes) => `${largeNodes(sizes)}, cold`, { limit: cpu(8) }),
  figure("W2x", (sizes) => `${largeNodes(sizes)}, again`, { limit: quiet(1) }),
  figure("W8", ({ killedWidth }) => `${many(10 * killedWidth)} nodes, kill -9 at half, same command`),
  figure("W9", () => "the command twice at once"),
  figure("W10", () => "sweep of 16 arms"),
  figure("W11", ({ failingRows }) => `${many(failingRows)} rows, 11 % of calls fail`),
  figure("W6", (sizes) => `${rows(sizes)}, cold`, { limit: cpu(12), rssAtMost: gigabyte }),
  figure("W6w", () => "again", { limit: cpu(2), rssAtMost: gigabyte }),
  figure("W6e", () => "1 % edited, 0.1 % deleted and added, shuffled", { limit: cpu(4), rssAtMost: gigabyte }),
  figure("W7r", () => "parameter changed"),
  figure("W7q", () => "parameter changed back"),
  figure("W12r", (sizes) => `plan, ${rows(sizes)}, parameter changed`, { limit: quiet(3) }),
  figure("W6p", (sizes) => `${rows(sizes)}, plain function, cold`, { limit: cpu(12), rssAtMost: gigabyte }),
  figure("W6pw", () => "again", { limit: cpu(2), rssAtMost: gigabyte }),
  figure("W6pe", () => "edited", { limit: cpu(4), rssAtMost: gigabyte }),
  figure("W6k", ({ largeRows }) => `${many(largeRows)} rows of 1 kB, cold`),
  figure("W6ke", () => "edited; CPU beyond the bodies", {
    limit: { of: "cpuS", atMost: 8, beyondBodies: true },
    rssAtMost: 1.5 * gigabyte
  }),
  figure("W8r", ({ killedRows }) => `${many(killedRows)} rows, kill -9 at half, same command`),
  figure("W9r", () => "the command twice at once"),
  figure("W13", ({ clauseRows }) => `${many(clauseRows)} rows, one clause of 40 edited`)
]
