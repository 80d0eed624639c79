/**
 * Memory that is read into again and again, for those who look at one chunk of a table after the other and keep nothing
 * of it: fresh memory for each would cost as much as reading does, and the collector's time on top.
 */

/** Views begin at multiples of this, so that numbers can lie in them. Unit: bytes. */
const alignment = 8

export class ReadMemory {
  #bytes = new Uint8Array(0)
  #used = 0

  /** Everything taken so far may be overwritten from now on. */
  clear(): void {
    this.#used = 0
  }

  /** Bytes that hold whatever they held before. */
  take(length: number): Uint8Array {
    const end = this.#used + length
    if (end > this.#bytes.length) {
      this.#bytes = new Uint8Array(Math.max(length, this.#bytes.length * 2)) // what was taken keeps the old memory
      this.#used = 0
    }
    const taken = this.#bytes.subarray(this.#used, this.#used + length)
    this.#used = Math.ceil((this.#used + length) / alignment) * alignment
    return taken
  }
}
