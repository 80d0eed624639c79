/**
 * The bytes of one log as its user sees them: blocks in memory as far as the budget goes, the file for the rest. The
 * writer's own log is filled here before it is on disk. What the bytes say is the business of frames and scans.
 */
import * as fs from "node:fs"

/** Bytes of a block. A frame may lie across several. */
const blockBytes = 1 << 18

/** Memory shared by the logs of a store. Unit: bytes. */
export class MemoryBudget {
  readonly limit: number
  used = 0

  constructor(limit: number) {
    this.limit = limit
  }
}

/** Part of a log in memory. `filled` bytes of it are there. */
interface Block {
  bytes: Uint8Array
  filled: number
  /** Its frames passed their checks when they were scanned, or were written by this process. */
  readonly trusted: boolean
}

const noBytes = new Uint8Array(0)

export class LogBytes {
  readonly #budget: MemoryBudget
  readonly #blocks: Array<Block | undefined> = []
  /** -1 before the file is made. */
  #fd: number
  #end: number
  /** Blocks below this ordinal are dropped already, or were never held. */
  #firstHeld = 0
  /** Read beyond the budget: the block that is read now, so that reading in order reads each once. */
  #window: Block | undefined
  #windowOrdinal = -1
  #lastMissed = -2
  #trusted = false
  /** What {@link locate} found. */
  located: Uint8Array = noBytes

  constructor(budget: MemoryBudget, fd: number, end: number) {
    this.#budget = budget
    this.#fd = fd
    this.#end = end
  }

  /** Bytes of the log that may be asked for. */
  get end(): number {
    return this.#end
  }

  /** The writer made its file. */
  attach(fd: number): void {
    this.#fd = fd
  }

  /** The file has grown, or what was appended from here on never reached it. */
  setEnd(end: number): void {
    if (end < this.#end) {
      for (const [ordinal, block] of this.#blocks.entries()) {
        if (block !== undefined) block.filled = Math.max(0, Math.min(block.filled, end - ordinal * blockBytes))
      }
      this.#windowOrdinal = -1
    }
    this.#end = end
  }

  /**
   * Finds `length` bytes that start at `offset`: they start at the returned index of {@link located}, until the next
   * call. -1 when the file does not have them. `inOrder` says that what follows will be asked for next.
   */
  locate(offset: number, length: number, inOrder: boolean): number {
    const ordinal = Math.floor(offset / blockBytes)
    const at = offset - ordinal * blockBytes
    const held = this.#blocks[ordinal]
    if (held !== undefined && at + length <= held.filled) {
      this.located = held.bytes
      this.#trusted = held.trusted
      return at
    }
    if (offset + length > this.#end) return -1
    this.#trusted = this.#areTrusted(offset, length)
    if (at + length <= blockBytes) {
      const block = this.#block(ordinal, inOrder)
      if (block !== undefined) {
        this.located = block.bytes
        return at + length <= block.filled ? at : -1
      }
    }
    const whole = this.#copy(offset, length, inOrder)
    this.located = whole ?? noBytes
    return whole === undefined ? -1 : 0
  }

  /** The byte at `offset` if it is held in memory, else nothing of interest. */
  peek(offset: number): number {
    const ordinal = Math.floor(offset / blockBytes)
    return this.#blocks[ordinal]?.bytes[offset - ordinal * blockBytes] ?? 0
  }

  /** Whether the bytes that were located last were checked since they were read. */
  get isTrusted(): boolean {
    return this.#trusted
  }

  #areTrusted(offset: number, length: number): boolean {
    const last = Math.floor((offset + length - 1) / blockBytes)
    for (let ordinal = Math.floor(offset / blockBytes); ordinal <= last; ordinal++) {
      if (this.#blocks[ordinal]?.trusted !== true) return false
    }
    return true
  }

  /** Adds bytes behind the end, in memory only. */
  append(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const block = this.#tail()
      const count = Math.min(bytes.length - from, blockBytes - block.filled)
      block.bytes.set(count === bytes.length ? bytes : bytes.subarray(from, from + count), block.filled)
      block.filled += count
      this.#end += count
      from += count
    }
  }

  /**
   * Room for `length` bytes in one piece behind the end, counted as appended: they start at the returned index of
   * {@link located} and are the caller's to write. -1 when the block has no such room.
   */
  reserve(length: number): number {
    const block = this.#tail()
    if (block.filled + length > blockBytes) return -1
    this.located = block.bytes
    block.filled += length
    this.#end += length
    return block.filled - length
  }

  /** The bytes from `start` to the end, as pieces to write. */
  pieces(start: number): Array<Uint8Array> {
    const found: Array<Uint8Array> = []
    for (let offset = start; offset < this.#end;) {
      const ordinal = Math.floor(offset / blockBytes)
      const block = this.#blocks[ordinal]!
      found.push(block.bytes.subarray(offset - ordinal * blockBytes, block.filled))
      offset = ordinal * blockBytes + block.filled
    }
    return found
  }

  /** What lies before `written` is in the file: as much of it as exceeds the budget is let go. */
  settle(written: number): void {
    const whole = Math.floor(written / blockBytes)
    while (this.#budget.used > this.#budget.limit && this.#firstHeld < whole) {
      const block = this.#blocks[this.#firstHeld]
      if (block !== undefined) this.#budget.used -= block.bytes.length
      this.#blocks[this.#firstHeld++] = undefined
    }
  }

  /** Gives the memory back. */
  release(): void {
    for (const block of this.#blocks) this.#budget.used -= block?.bytes.length ?? 0
    this.#blocks.length = 0
    this.#window = undefined
    this.#windowOrdinal = -1
  }

  /** The block that takes the next byte. What waits to be written has to be held, whatever the budget says. */
  #tail(): Block {
    const ordinal = Math.floor(this.#end / blockBytes)
    const found = this.#blocks[ordinal]
    if (found !== undefined) return found
    const made: Block = { bytes: Buffer.allocUnsafeSlow(blockBytes), filled: 0, trusted: true }
    this.#budget.used += blockBytes
    this.#blocks[ordinal] = made
    return made
  }

  /** A block with all its bytes; `undefined` when it is not held and reading one frame from the file is cheaper. */
  #block(ordinal: number, inOrder: boolean): Block | undefined {
    const length = Math.min(blockBytes, this.#end - ordinal * blockBytes)
    const held = this.#blocks[ordinal]
    if (held !== undefined) {
      if (held.filled < length) this.#fill(held, ordinal, length)
      return held
    }
    if (this.#windowOrdinal === ordinal && this.#window!.filled >= length) return this.#window
    if (this.#budget.used + length <= this.#budget.limit) {
      const block: Block = { bytes: Buffer.allocUnsafeSlow(length), filled: 0, trusted: inOrder }
      this.#budget.used += length
      this.#blocks[ordinal] = block
      this.#fill(block, ordinal, length)
      return block
    }
    const sequential = inOrder || ordinal === this.#lastMissed || ordinal === this.#lastMissed + 1
    this.#lastMissed = ordinal
    if (!sequential) return undefined
    this.#window ??= { bytes: Buffer.allocUnsafeSlow(blockBytes), filled: 0, trusted: false }
    if (this.#windowOrdinal !== ordinal) this.#window.filled = 0
    this.#windowOrdinal = ordinal
    this.#fill(this.#window, ordinal, length)
    return this.#window
  }

  /** Reads what a block lacks of its first `length` bytes. */
  #fill(block: Block, ordinal: number, length: number): void {
    if (block.bytes.length < length) {
      // The log grows: room for all of the block, so that this happens once.
      const bytes = Buffer.allocUnsafeSlow(blockBytes)
      bytes.set(block.bytes.subarray(0, block.filled))
      this.#budget.used += blockBytes - block.bytes.length
      block.bytes = bytes
    }
    while (block.filled < length) {
      const offset = ordinal * blockBytes + block.filled
      const count = fs.readSync(this.#fd, block.bytes, block.filled, length - block.filled, offset)
      if (count === 0) return
      block.filled += count
    }
  }

  #copy(offset: number, length: number, inOrder: boolean): Uint8Array | undefined {
    const whole = Buffer.allocUnsafe(length)
    for (let done = 0; done < length;) {
      const ordinal = Math.floor((offset + done) / blockBytes)
      const at = offset + done - ordinal * blockBytes
      const count = Math.min(length - done, blockBytes - at)
      const block = this.#block(ordinal, inOrder)
      if (block === undefined) {
        if (fs.readSync(this.#fd, whole, done, count, offset + done) < count) return undefined
      } else {
        if (at + count > block.filled) return undefined
        whole.set(block.bytes.subarray(at, at + count), done)
      }
      done += count
    }
    return whole
  }
}
