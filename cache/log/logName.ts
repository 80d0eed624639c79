/**
 * The names of logs: they sort in order of creation, which makes "first" the same for every reader, and say who writes,
 * so that anybody can tell whether a log may still grow. What is in a log is the business of others.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { type Holder, holderText, isHere, parseHolder, type Watch } from "../Holder.ts"

const logEnd = ".log"
const mergedEnd = `~${logEnd}`

/** Digits of a time, so that names sort as times do. */
const timeDigits = 10

/** A log of another machine that was not touched for this long has no writer any more. Unit: milliseconds. */
const silentMs = 24 * 3600 * 1000

let lastMs = 0

/** When a log was begun, by its name; 0 for a name of another form. */
const begunMs = (name: string): number => Number.parseInt(name.slice(0, timeDigits), 36) || 0

/** A name for a new log of this holder that sorts behind `others`, whatever the clock says. No two logs share one. */
export const newLogName = (holder: Holder, others: Iterable<string>): string => {
  lastMs = Math.max(Date.now(), lastMs + 1)
  for (const other of others) lastMs = Math.max(lastMs, begunMs(other) + 1)
  return `${lastMs.toString(36).padStart(timeDigits, "0")}-${holderText(holder)}${logEnd}`
}

/** The name of a log merged from others, of which `last` is the last: it sorts right behind it. */
export const mergedName = (last: string): string => `${last.slice(0, -logEnd.length)}${mergedEnd}`

/** Whether a log was merged from others: nobody writes it. */
export const isMerged = (name: string): boolean => name.endsWith(mergedEnd)

/** Whether nobody will write a log any more. */
export const isFinished = (folder: string, name: string, watch: Watch): boolean => {
  if (isMerged(name)) return true
  const holder = parseHolder(name.slice(timeDigits + 1, -logEnd.length))
  if (holder === undefined) return false
  const file = path.join(folder, name)
  if (isHere(holder)) return !watch.lives(holder, file)
  // Its writer is on another machine, or on this one before it started anew. Who writes shows every few seconds that he
  // lives, and one that comes back after this long finds his log gone and says so.
  const { mtimeMs } = fs.statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: 0 }
  return Date.now() - mtimeMs > silentMs
}
