/**
 * How fast something goes lately: an exponentially weighted average of what was done over the time it took. Work that
 * arrives in bursts is smoothed, and a stall lowers the rate by itself, without a new observation.
 */

/** After this long an observation counts 1/e as much. */
const memoryMs = 30_000

export class Rate {
  readonly #sinceMs: number
  #atMs: number
  #done: number
  #weighted = 0

  /** Starts to measure: what is `done` already is no part of the rate. */
  constructor(nowMs: number, done: number) {
    this.#sinceMs = nowMs
    this.#atMs = nowMs
    this.#done = done
  }

  /** `done` in all, now. */
  observe(nowMs: number, done: number): void {
    this.#weighted = this.#weighted * this.#decay(nowMs) + (done - this.#done)
    this.#atMs = nowMs
    this.#done = done
  }

  /** For how long it has been measured. **Unit**: milliseconds. */
  ageMs(nowMs: number): number {
    return nowMs - this.#sinceMs
  }

  /** **Unit**: per second; 0 before any time has passed. */
  perSecond(nowMs: number): number {
    const weightedMs = memoryMs * -Math.expm1(-this.ageMs(nowMs) / memoryMs)
    return weightedMs <= 0 ? 0 : (this.#weighted * this.#decay(nowMs) * 1000) / weightedMs
  }

  #decay(nowMs: number): number {
    return Math.exp((this.#atMs - nowMs) / memoryMs)
  }
}
