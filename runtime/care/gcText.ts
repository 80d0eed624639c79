/**
 * What gc has done, or would do, as people read it: a line a kind, what is kept and why, and when the disk is free.
 */
import type { Collected, CollectedKind } from "../../cache/care/collect.ts"
import { count, counted } from "../terminal/format.ts"
import type { Style } from "../terminal/style.ts"
import { table } from "../terminal/table.ts"
import { wrap } from "../terminal/text.ts"
import { bytesText } from "./amounts.ts"

export interface GcTextOptions {
  readonly width: number
  readonly style: Style
  readonly dryRun: boolean
  readonly sizeBytes: number | undefined
  /** **Unit**: milliseconds since 1970. */
  readonly nowMs: number
}

const isEmpty = ({ goes, stays }: CollectedKind): boolean => goes.count + stays.count === 0

const total = (kinds: ReadonlyArray<CollectedKind>, of: "goes" | "stays") =>
  kinds.reduce((all, kind) => ({ count: all.count + kind[of].count, bytes: all.bytes + kind[of].bytes }), {
    count: 0,
    bytes: 0
  })

const tableText = (kinds: ReadonlyArray<CollectedKind>, { dryRun, style, width }: GcTextOptions): string => {
  const shown = kinds.filter((kind) => !isEmpty(kind))
  const all = { kind: "all", goes: total(kinds, "goes"), stays: total(kinds, "stays") }
  return table({
    columns: [
      { header: "KIND", min: 10 },
      { header: dryRun ? "WOULD GO" : "WENT", align: "right" },
      { header: "", align: "right" },
      { header: "STAYS", align: "right" },
      { header: "", align: "right" }
    ],
    rows: [...shown, all].map(({ goes, kind, stays }) => [
      kind,
      count(goes.count),
      bytesText(goes.bytes),
      count(stays.count),
      bytesText(stays.bytes)
    ])
  }, { width, style: (text, { row }) => row < 0 || row === shown.length ? style("strong", text) : text }).join("\n")
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** Local time of day. */
const clock = (ms: number): string => new Date(ms).toTimeString().slice(0, 5)

const untilText = (untilMs: number, nowMs: number): string =>
  untilMs <= nowMs ? "the next gc deletes it" : `a gc after ${clock(untilMs)} deletes it, or one with --now`

const trashText = (
  { deletedBytes, trash, working }: Collected,
  { dryRun, nowMs }: GcTextOptions
): ReadonlyArray<string> => {
  const deleted = deletedBytes === 0 ? [] : [`deleted ${bytesText(deletedBytes)} from the trash`]
  if (dryRun || trash.bytes === 0) return deleted
  const wait = trash.untilMs === undefined
    ? `it is deleted once ${counted(working, "process")}${
      working === 1 ? " that works" : "es that work"
    } on this cache may not need it`
    : untilText(trash.untilMs, nowMs)
  return [...deleted, `in the trash: ${bytesText(trash.bytes)}; ${wait}`]
}

const notes = (collected: Collected, options: GcTextOptions): ReadonlyArray<string> => {
  const { actionsLost, dangling, keptBytes, oldest, restored } = collected
  const { sizeBytes } = options
  return [
    ...(oldest === undefined ? [] : [`the oldest run kept: ${oldest.what} (${day(oldest.atMs)}; ${oldest.why})`]),
    ...(sizeBytes !== undefined && keptBytes > sizeBytes
      ? [
        `results and rows that stay take ${bytesText(keptBytes)}, more than --size ${bytesText(sizeBytes)}: `
        + "pins, runs that go on and the latest results of each experiment never go"
      ]
      : []),
    ...(actionsLost > 0
      ? [
        `${
          counted(actionsLost, "record")
        } of kept results cannot be read, so all row logs stay; see \`pipeline verify\``
      ]
      : []),
    ...dangling.map(({ name, run }) => `pin ${name} names run ${run}, which is not in this cache`),
    ...(restored > 0 ? [`${counted(restored, "part")} came back out of the trash: a run needs them`] : []),
    ...trashText(collected, options),
    ...(options.dryRun ? ["nothing was changed (--dry-run)"] : [])
  ]
}

export const gcText = (collected: Collected, options: GcTextOptions): string =>
  [
    tableText(collected.kinds, options),
    ...notes(collected, options).flatMap((note) => wrap(note, options.width))
  ].join("\n")
