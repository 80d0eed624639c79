/**
 * The index of a log, so that opening it reads no payload: kind, size and key of every frame in log order. It is derived:
 * one that is missing, cut, damaged or of another log is made again from the log, and a disk that has no room for it is
 * no failure.
 *
 *     [magic u32][entries u32][bytes of the log f64][keys 32 n][sizes u32 n][kinds u8 n][crc32 u32]     little-endian
 */
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as publish from "../publish.ts"
import { crc32 } from "./crc32.ts"
import { keyBytes } from "./Frame.ts"

const magic = 0x31584449
const prefixBytes = 16
const entryBytes = keyBytes + 5

/** The kind of an entry that stands for bytes without a whole frame. */
export const gap = 0

/** A gap is longer than one entry can say. */
const longestGap = 0xffff_ffff

const grown = <A extends Uint8Array | Uint32Array>(next: A, previous: A): A => {
  next.set(previous)
  return next
}

/** The frames of a log in order, as they are collected or as an index file holds them. */
export class SealedIndex {
  #capacity: number
  #entries = 0
  #logBytes = 0
  #keys: Uint8Array
  #sizes: Uint32Array
  #kinds: Uint8Array

  constructor(capacity = 1024) {
    this.#capacity = capacity
    this.#keys = new Uint8Array(capacity * keyBytes)
    this.#sizes = new Uint32Array(capacity)
    this.#kinds = new Uint8Array(capacity)
  }

  get entries(): number {
    return this.#entries
  }

  /** Where the last frame ends. */
  get logBytes(): number {
    return this.#logBytes
  }

  /** All keys, one after the other. */
  get keys(): Uint8Array {
    return this.#keys
  }

  kind(entry: number): number {
    return this.#kinds[entry]!
  }

  /** Bytes of the frame, its header included. */
  size(entry: number): number {
    return this.#sizes[entry]!
  }

  /** Bytes of the frames from `first` up to `end`. */
  sizes(first: number, end: number): Uint32Array {
    return this.#sizes.subarray(first, end)
  }

  /** How many entries from `first` on are of the same kind. */
  run(first: number): number {
    let end = first
    while (end < this.#entries && this.#kinds[end] === this.#kinds[first]) end++
    return end - first
  }

  /** Adds the frame at `offset`; what lies between it and the one before is a gap. */
  add(kind: number, keys: Uint8Array, key: number, offset: number, size: number): void {
    while (this.#logBytes < offset) this.#push(gap, undefined, 0, Math.min(offset - this.#logBytes, longestGap))
    this.#push(kind, keys, key, size)
  }

  #push(kind: number, keys: Uint8Array | undefined, key: number, size: number): void {
    if (this.#entries === this.#capacity) {
      this.#capacity *= 2
      this.#keys = grown(new Uint8Array(this.#capacity * keyBytes), this.#keys)
      this.#sizes = grown(new Uint32Array(this.#capacity), this.#sizes)
      this.#kinds = grown(new Uint8Array(this.#capacity), this.#kinds)
    }
    const own = this.#entries * keyBytes
    if (keys !== undefined) { for (let i = 0; i < keyBytes; i++) this.#keys[own + i] = keys[key + i]! }
    this.#sizes[this.#entries] = size
    this.#kinds[this.#entries++] = kind
    this.#logBytes += size
  }

  /** Leaves out the frames that begin at `logBytes` or later. */
  cut(logBytes: number): void {
    while (this.#logBytes > logBytes) this.#logBytes -= this.#sizes[--this.#entries]!
  }

  /** Writes the index to `file`. A failure costs the next reader a scan, so it is kept quiet. */
  write(file: string): void {
    const prefix = Buffer.alloc(prefixBytes)
    prefix.writeUInt32LE(magic, 0)
    prefix.writeUInt32LE(this.#entries, 4)
    prefix.writeDoubleLE(this.#logBytes, 8)
    const sizes = this.#sizes
    const body = Buffer.concat([
      prefix,
      this.#keys.subarray(0, this.#entries * keyBytes),
      new Uint8Array(sizes.buffer, sizes.byteOffset, this.#entries * 4),
      this.#kinds.subarray(0, this.#entries),
      Buffer.alloc(4)
    ])
    body.writeUInt32LE(crc32(body, 0, body.length - 4), body.length - 4)
    const temporary = `${file}.${randomBytes(8).toString("hex")}`
    try {
      const fd = fs.openSync(temporary, "wx", 0o600)
      try {
        publish.writeAll(fd, body)
      } finally {
        fs.closeSync(fd)
      }
      fs.renameSync(temporary, file)
    } catch {
      fs.rmSync(temporary, { force: true })
    }
  }

  /** The index in `file`, if it is whole and that of a log of `logBytes` or more bytes. */
  static read(file: string, logBytes: number): SealedIndex | undefined {
    const body = publish.readIfExists(file)
    if (body === undefined || body.length < prefixBytes + 4 || body.readUInt32LE(0) !== magic) return undefined
    const entries = body.readUInt32LE(4)
    const end = body.length - 4
    if (end !== prefixBytes + entries * entryBytes || body.readUInt32LE(end) !== crc32(body, 0, end)) return undefined
    if (body.readDoubleLE(8) > logBytes) return undefined
    const found = new SealedIndex(0)
    const sizesAt = prefixBytes + entries * keyBytes
    const kindsAt = sizesAt + entries * 4
    found.#capacity = entries
    found.#entries = entries
    found.#logBytes = body.readDoubleLE(8)
    found.#keys = body.subarray(prefixBytes, sizesAt)
    // A copy, since a file's bytes may lie at an odd address.
    found.#sizes = new Uint32Array(new Uint8Array(body.subarray(sizesAt, kindsAt)).buffer)
    found.#kinds = body.subarray(kindsAt, end)
    return found
  }
}
