/**
 * Where a node was defined: the call stack of its making, taken by `Node.make` and its siblings at definition time.
 * Taking it is cheap (about 15 µs) and judges nothing; `locate.ts` finds the declaration a stack speaks of, once a
 * plan asks.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { getCallSites } from "node:util"

/** One call on the stack. Unit: line and column count from 1, columns in UTF-16 code units. */
export interface Frame {
  readonly url: string
  readonly line: number
  readonly column: number
}

/** The stack of a definition. */
export interface Site {
  /** Innermost call first; only calls in modules with a `file:` URL, so none of Node's own. */
  readonly frames: ReadonlyArray<Frame>
  /** The outermost of them is the body of a module that is being loaded. */
  readonly loading: boolean
}

/** The most Node allows: the outermost call counts. */
const stackDepth = 200

/** The stack of the caller. Call it directly inside the function that makes a definition. */
export const definitionSite = (): Site => {
  const calls = getCallSites(stackDepth, { sourceMap: false })
  const inFile = (call: { readonly scriptName: string }) => call.scriptName.startsWith("file:")
  const caller = calls[calls.findLastIndex(inFile) + 1]
  return {
    frames: calls.filter(inFile).map((call) => ({
      url: call.scriptName,
      line: call.lineNumber,
      column: call.columnNumber
    })),
    loading: caller?.scriptName.startsWith("node:internal/modules/") === true
  }
}

/**
 * Whether stacks name the places of the files on disk. Node's type stripping keeps every line and column; vitest and
 * other transformers do not, and their stacks would name a wrong declaration. This module looks for itself: its own
 * call above must lie where its frame says.
 */
export const stacksAreExact = (): boolean => {
  const [own] = definitionSite().frames
  if (own === undefined || own.url !== import.meta.url) return false
  const line = readFileSync(fileURLToPath(own.url), "utf8").split("\n")[own.line - 1] ?? ""
  return line.startsWith("getCallSites(", own.column - 1)
}
