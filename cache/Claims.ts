/**
 * Claims on work, so that of the runs that share a cache one does a piece and the others wait for it. A claim is a name
 * that says who holds it; it falls free with its holder, however that one ends. Claims spare double work and keep two
 * writers out of one work folder; published results are safe without them. What is claimed is decided above.
 */
import * as path from "node:path"
import { type Digest, requireDigest } from "./Digest.ts"
import { endHolder, makeHolder, Watch } from "./Holder.ts"
import { HolderFile } from "./HolderFile.ts"

/** Claims that end once something is settled. */
interface Ending {
  readonly after: Promise<void>
  readonly keys: Set<Digest>
}

/** The claims of one cache that this process holds or waits for. File work is synchronous and throws. */
export class Claims {
  readonly #folder: string
  readonly #self: HolderFile
  readonly #held = new Set<Digest>()
  readonly #endings = new Set<Ending>()
  readonly #watch: Watch

  /** `now` in milliseconds of any clock that only goes forward. */
  constructor(base: string, now?: () => number) {
    this.#folder = path.join(base, "claims")
    this.#self = new HolderFile(path.join(base, "tmp"), makeHolder())
    this.#watch = new Watch(now)
  }

  #pathOf(key: Digest): string {
    return path.join(this.#folder, requireDigest(key))
  }

  /** Takes the claim unless somebody who lives holds it, this process included. Returns whether it was taken. */
  take(key: Digest): boolean {
    // One that was about to end goes on.
    for (const { keys } of this.#endings) if (keys.delete(key)) return true
    if (!this.#self.take(this.#pathOf(key), this.#watch)) return false
    this.#held.add(key)
    return true
  }

  release(key: Digest): void {
    if (this.#held.delete(key)) this.#self.release(this.#pathOf(key))
  }

  /** {@link release} once `after` is settled: whoever gets the claim next must find what was made under it. */
  releaseAfter(key: Digest, after: Promise<void>): void {
    let ending = [...this.#endings].find((each) => each.after === after)
    if (ending === undefined) {
      const made: Ending = { after, keys: new Set() }
      const end = () => this.#end(made)
      this.#endings.add(made)
      after.then(end, end)
      ending = made
    }
    ending.keys.add(key)
  }

  #end(ending: Ending): void {
    this.#endings.delete(ending)
    for (const key of ending.keys) {
      try {
        this.release(key)
      } catch {
        // It falls free with this process.
      }
    }
  }

  /** Gives everything up. */
  close(): void {
    for (const ending of this.#endings) this.#end(ending)
    for (const key of this.#held) this.release(key)
    this.#self.close()
    endHolder(this.#self.holder)
  }
}
