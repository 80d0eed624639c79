/**
 * The lines typed into the prompt, kept in a file that only its owner can read: statements may quote what models wrote.
 * Lines are added as they are typed, so several prompts may share the file. A cache that cannot be written keeps none.
 */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"

/** Lines that a new prompt knows. */
const most = 500

const quietly = (work: () => void): void => {
  try {
    work()
  } catch {
    // history is a comfort: without it, the prompt works as well
  }
}

const linesOf = (file: string): ReadonlyArray<string> => {
  try {
    return readFileSync(file, "utf8").split("\n").filter((line) => line !== "")
  } catch {
    return []
  }
}

/** The lines of earlier prompts, the latest first, as `readline` wants them. A long file is shortened. */
export const loadHistory = (file: string): ReadonlyArray<string> => {
  const lines = linesOf(file)
  const kept = lines.slice(-most)
  if (lines.length > 2 * most) quietly(() => writeFileSync(file, `${kept.join("\n")}\n`, { mode: 0o600 }))
  return kept.toReversed()
}

/** Adds a line. */
export const addHistory = (file: string, line: string): void =>
  quietly(() => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    appendFileSync(file, `${line}\n`, { mode: 0o600 })
  })
