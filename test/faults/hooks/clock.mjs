/**
 * Another time of day for the process: loaded before it with `--import`, told what to do by FAULTS_CLOCK, a JSON object.
 * Only the wall clock is changed, as by somebody who sets it; clocks that measure durations go on.
 *
 *     shiftMs        what the clock is ahead, or behind where it is negative
 *     backMs, every  at every so many readings the clock is set back by so much, and stays there
 */

/** @type {{ shiftMs?: number, backMs?: number, every?: number }} */
const { backMs = 0, every = Infinity, shiftMs = 0 } = JSON.parse(process.env.FAULTS_CLOCK ?? "null") ?? {}

const RealDate = Date
let ahead = shiftMs
let readings = 0

const now = () => {
  if (++readings % every === 0) ahead -= backMs
  return RealDate.now() + ahead
}

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now())
    else super(...args)
  }

  static now() {
    return now()
  }
}
