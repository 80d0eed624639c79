/**
 * Bytes that grow as they are written: the text of a column, the cells of a row, the values on their way into a hash.
 * Numbers are little-endian. What the bytes mean is the writer's business.
 */

const firstCapacity = 1 << 10

/** Memory kept between uses, at most: one long text must not be paid for ever after. */
const keptCapacity = 1 << 25

/** Below this size a loop costs less than the call that copies. */
const shortCopy = 48

/** From this length on a text's size is measured before it is written; shorter ones reserve the worst case. */
const longText = 1 << 12

export class ByteWriter {
  #bytes: Buffer
  #length = 0

  constructor(capacity: number = firstCapacity) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity)
  }

  get length(): number {
    return this.#length
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  /** A number of 32 bits, with or without a sign. */
  size(value: number): void {
    this.#reserve(4)
    this.#put32(this.#length, value)
    this.#length += 4
  }

  #put32(at: number, value: number): void {
    const bytes = this.#bytes
    bytes[at] = value
    bytes[at + 1] = value >>> 8
    bytes[at + 2] = value >>> 16
    bytes[at + 3] = value >>> 24
  }

  float64(value: number): void {
    this.#reserve(8)
    this.#length = this.#bytes.writeDoubleLE(value, this.#length)
  }

  bigint64(value: bigint): void {
    this.#reserve(8)
    this.#length = this.#bytes.writeBigInt64LE(value, this.#length)
  }

  copy(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start)
    const bytes = this.#bytes
    let at = this.#length
    this.#length += end - start
    if (end - start < shortCopy) {
      for (let i = start; i < end; i++) bytes[at++] = source[i]!
    } else {
      bytes.set(source.subarray(start, end), at)
    }
  }

  /** UTF-8 of a text, lone surrogates as U+FFFD. */
  text(text: string): void {
    this.#reserve(text.length < longText ? text.length * 3 : Buffer.byteLength(text))
    this.#length += this.#bytes.write(text, this.#length)
  }

  /** {@link size} of a text's UTF-8 form, then the text. */
  sizedText(text: string): void {
    this.size(0)
    const start = this.#length
    this.text(text)
    this.#put32(start - 4, this.#length - start)
  }

  /** What was written: a view, valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Forgets what was written. */
  clear(): void {
    this.#length = 0
    if (this.#bytes.length > keptCapacity) this.#bytes = Buffer.allocUnsafeSlow(firstCapacity)
  }

  /** What was written, handed over; the writer is empty afterwards and expects as much again. */
  take(): Uint8Array {
    const length = this.#length
    // Memory that would lie idle below a short column is given back.
    const taken = length * 2 < this.#bytes.length
      ? new Uint8Array(this.#bytes.subarray(0, length))
      : new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, length)
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(firstCapacity, Math.min(length, keptCapacity)))
    this.#length = 0
    return taken
  }
}
