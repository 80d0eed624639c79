/**
 * The program's end of `Side.ts`: waits for its turn, meters the unit of work, answers. Waiting blocks the thread, since
 * a trainer's progress callback is where a training run can be held between two steps.
 */
import { readSync, writeSync } from "node:fs"
import { createRequire } from "node:module"

const answers = 3
const buffer = Buffer.alloc(65_536)
let rest = ""
let begun = { wall: 0, cpu: process.cpuUsage() }

const answer = (line: object): void => {
  writeSync(answers, `${JSON.stringify(line)}\n`)
}

/** Says that the program is ready for its first turn. */
export const ready = (): void => {
  const onnxruntime = createRequire(import.meta.url)("onnxruntime-node/package.json").version
  answer({ versions: { node: process.versions.node, "onnxruntime-node": onnxruntime } })
}

/** Waits for a request and starts the meter; undefined when there are no more. */
export const nextTurn = <A>(): A | undefined => {
  while (!rest.includes("\n")) {
    const size = readSync(0, buffer)
    if (size === 0) return undefined
    rest += buffer.toString("utf8", 0, size)
  }
  const end = rest.indexOf("\n")
  const request = JSON.parse(rest.slice(0, end))
  rest = rest.slice(end + 1)
  startMeter()
  return request
}

/** What comes before this in a turn is not metered. */
export const startMeter = (): void => {
  begun = { wall: performance.now(), cpu: process.cpuUsage() }
}

/** Ends the turn with what was computed. */
export const endTurn = (result: { readonly [name: string]: number | ReadonlyArray<number> }): void => {
  const { system, user } = process.cpuUsage(begun.cpu)
  const wallS = (performance.now() - begun.wall) / 1000
  answer({ wallS, cpuS: (system + user) / 1e6, rssBytes: process.resourceUsage().maxRSS * 1024, result })
}
