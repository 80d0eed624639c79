/**
 * Names of runs: they begin with the time their run started, so that they sort as runs follow each other, also when the
 * clock was set back in between. `latest` and everything that says "last time" relies on that order.
 */

/** The time at the beginning of a name, with dashes where a file name cannot have the signs of ISO 8601. */
const form = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)-(\d{3})Z/

/** When a run of this name started; undefined for a name that does not say. **Unit**: milliseconds since 1970. */
export const startedMsOf = (run: string): number | undefined => {
  const parts = form.exec(run)
  return parts === null ? undefined : Date.parse(`${parts[1]}:${parts[2]}:${parts[3]}.${parts[4]}Z`)
}

/** The name of a run that starts now, behind `newest`, the name of the newest run there is. `ending` tells equal times apart. */
export const next = (nowMs: number, newest: string | undefined, ending: string): string => {
  const before = newest === undefined ? undefined : startedMsOf(newest)
  const atMs = before === undefined ? nowMs : Math.max(nowMs, before + 1)
  return `${new Date(atMs).toISOString().replace(/[:.]/g, "-")}-${ending}`
}
