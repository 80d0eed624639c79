/**
 * The lines a node leaves when something happens to it: finished, failed, a first failed row, another result than
 * before. Pieces of lines without marks and without colour sequences; the live and the plain reporter put them into
 * their frames.
 */
import type { On } from "../Event.ts"
import { count, counted, dollars, duration, rate } from "./format.ts"
import { type RunningNode, secondsLeft } from "./RunState.ts"
import type { Piece } from "./style.ts"
import { visible } from "./text.ts"

/** `1 retry`, `12 retries`. */
export const retriesText = (retries: number): string => retries === 1 ? "1 retry" : `${count(retries)} retries`

const gap: Piece = ["  "]

/** Pieces with two spaces between them; absent ones leave none. */
export const spaced = (pieces: ReadonlyArray<Piece | undefined>): ReadonlyArray<Piece> =>
  pieces.filter((piece) => piece !== undefined && piece[0] !== "").flatMap((piece, i) =>
    i === 0 ? [piece!] : [gap, piece!]
  )

const rowsText = ({ failed, fresh, ran, retries = 0 }: NonNullable<On<"NodeFinished">["rows"]>): string => {
  const more = [
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(retries > 0 ? [retriesText(retries)] : [])
  ]
  return `${counted(ran, "row")} (${[`${count(fresh)} reused`, ...more].join(", ")})`
}

/** `rollout  4,800 rows (0 reused)  6.3 s  $0.42  same result as before  why`. */
export const finishedPieces = (event: On<"NodeFinished">, why: string): ReadonlyArray<Piece> =>
  spaced([
    [visible(event.label), "strong"],
    event.rows === undefined ? undefined : [rowsText(event.rows)],
    [duration(event.durationMs / 1000)],
    event.usd > 0 ? [dollars(event.usd)] : undefined,
    event.unchanged ? ["same result as before"] : undefined,
    [visible(why), "dim"]
  ])

/** A reason in full, its lines as they are; the label in front unless the reason starts with it. */
export const failedText = ({ label, reason }: On<"NodeFailed">): string =>
  reason.startsWith(`${label} `) || reason.startsWith(`${label}:`) ? reason : `${label}: ${reason}`

/** One failed row, on one line: the node's own failure tells the rest. */
export const rowFailedPieces = ({ label, reason, row }: On<"RowFailed">): ReadonlyArray<Piece> => [
  [visible(label), "strong"],
  [`  first failed row ${visible(row)}: ${visible(reason)}`]
]

export const nondeterministicPieces = ({ key, label }: On<"Nondeterministic">): ReadonlyArray<Piece> => [
  [visible(label), "strong"],
  [`  gave another result than before for the same key (${key.slice(0, 8)}); the first one is kept`]
]

/** How far a node is: `31/62  12.5/s  ETA 4 s  $0.42  loss 0.51`. */
export const progressPieces = (node: RunningNode, nowMs: number): ReadonlyArray<Piece> => {
  const { detail, failed, progress, retried, usd } = node
  if (progress === undefined) return spaced([[`running for ${duration((nowMs - node.startedMs) / 1000)}`]])
  const left = secondsLeft(node, nowMs)
  return spaced([
    [`${count(progress.done)}/${count(progress.total)}`],
    [rate(node.rate?.perSecond(nowMs) ?? 0)],
    [`ETA ${left === undefined ? "-" : duration(left)}`],
    usd > 0 ? [dollars(usd)] : undefined,
    failed > 0 ? [`${count(failed)} failed`, "bad"] : undefined,
    retried > 0 ? [retriesText(retried)] : undefined,
    [visible(detail)]
  ])
}
