/**
 * A stream of bytes read piece by piece, in pieces of the size that is asked for.
 */

/** The stream ended in the middle of what was asked for. */
export class EndedEarly extends Error {
  override readonly name = "EndedEarly"
}

export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>
  #held: Uint8Array = new Uint8Array(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** Whether the stream has ended. */
  async ended(): Promise<boolean> {
    while (this.#held.length === 0) {
      const next = await this.#chunks.next()
      if (next.done === true) return true
      this.#held = next.value
    }
    return false
  }

  /** The next `size` bytes in pieces. **Fails**: rejects with {@link EndedEarly}. */
  async *pieces(size: number): AsyncGenerator<Uint8Array> {
    for (let left = size; left > 0;) {
      if (await this.ended()) throw new EndedEarly()
      const piece = this.#held.subarray(0, left)
      this.#held = this.#held.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }

  /** The next `size` bytes. **Fails**: rejects with {@link EndedEarly}. */
  async read(size: number): Promise<Buffer> {
    const pieces: Array<Uint8Array> = []
    for await (const piece of this.pieces(size)) pieces.push(piece)
    return Buffer.concat(pieces)
  }
}
