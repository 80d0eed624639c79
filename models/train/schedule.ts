/**
 * Learning-rate schedules as pure functions of the step: constant, linear and cosine, all with linear warm-up.
 */

export type Schedule = "constant" | "linear" | "cosine"

/** Share of the peak rate at which linear and cosine decay end. */
export const scheduleFloor = 0.05

/**
 * The factor of the peak learning rate at `step` (from 0) of `steps`. Warm-up rises linearly over the first
 * `warmupFraction` of the steps and reaches the schedule's own value at its end; it multiplies the decay, which runs
 * over all steps.
 *
 * **Unit**: share of the peak rate, in (0, 1].
 */
export const scheduleFactor = (schedule: Schedule, step: number, steps: number, warmupFraction: number): number => {
  const warmup = Math.min(1, (step + 1) / Math.max(1, warmupFraction * steps))
  const done = step / steps
  const decay = schedule === "constant" ? 1 : schedule === "linear" ? 1 - done : 0.5 * (1 + Math.cos(Math.PI * done))
  return warmup * (scheduleFloor + (1 - scheduleFloor) * decay)
}
