/**
 * Bounds-checked reads from a model file: every read names what it is for, so that a truncated download says which
 * tensor is cut. Files are read in slices because Node refuses single reads beyond 2 GiB. What the bytes mean is left
 * to `safetensors.ts` and `gguf.ts`.
 */
import { type FileHandle, open } from "node:fs/promises"
import { CheckpointUnreadable } from "./CheckpointUnreadable.ts"

const sliceBytes = 1 << 28

/** An open file of known size. */
export interface RandomAccess {
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Fills `into` from byte `offset`. **Fails**: `CheckpointUnreadable` when the file ends before. */
  readonly read: (into: Uint8Array, offset: number, tensor?: string) => Promise<void>
}

const readFully = async (handle: FileHandle, into: Uint8Array, offset: number): Promise<number> => {
  let done = 0
  while (done < into.length) {
    const { bytesRead } = await handle.read(into, done, Math.min(sliceBytes, into.length - done), offset + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}

/** Runs `use` with `path` open for reading. **Fails**: `CheckpointUnreadable` when it cannot be opened. */
export const withFile = async <A>(path: string, use: (file: RandomAccess) => Promise<A>): Promise<A> => {
  const handle = await open(path, "r").catch((cause: NodeJS.ErrnoException) => {
    throw new CheckpointUnreadable({
      file: path,
      reason: cause.code === "ENOENT" ? "no such file" : cause.message
    })
  })
  try {
    const { size } = await handle.stat()
    return await use({
      path,
      size,
      read: async (into, offset, tensor) => {
        const done = offset + into.length > size ? 0 : await readFully(handle, into, offset)
        if (done === into.length) return
        throw new CheckpointUnreadable({
          file: path,
          ...(tensor === undefined ? {} : { tensor }),
          reason: `it should hold bytes ${offset} to ${offset + into.length}, but the file ends at ${size}; ` +
            "it is cut short, fetch it again"
        })
      }
    })
  } finally {
    await handle.close()
  }
}
