/**
 * Everything a training run needs to continue where it was stopped: the trained parameters, Adam's moments, the number
 * of steps and the history, in one file that is replaced atomically. Batch order and sampling seeds derive from the
 * job, so they are not stored.
 */
import { createHash } from "node:crypto"
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import type { AdamW, Arrays } from "./AdamW.ts"

/** The folder inside the output folder that holds the state until the run is finished. */
const folderName = ".resume"
const fileName = "state.bin"
const headerBytes = 8
/** One read call is limited to 2 GiB. */
const readBytes = 2 ** 30

interface Header<History> {
  /** Digest of job and starting weights; another digest means another run. */
  readonly run: string
  /** Updates the optimiser has made. */
  readonly step: number
  readonly history: ReadonlyArray<History>
  /** Array lengths in the order in which they follow the header: parameter, first and second moment of each name. */
  readonly lengths: ReadonlyArray<number>
}

/** The live arrays of a run, saved from and restored into. */
export interface LiveState {
  readonly parameters: Arrays
  readonly optimizer: AdamW
}

/** Digest of a job (without its folders) and of the weights it starts from, to recognise one's own state. */
export const runDigest = (job: object, weights: Arrays): string => {
  const hash = createHash("sha256").update(JSON.stringify(job))
  for (const [name, values] of weights) {
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }
  return hash.digest("hex")
}

const arraysOf = ({ optimizer, parameters }: LiveState): ReadonlyArray<Float32Array> =>
  Array.from(parameters, ([name, values]) => {
    const { first, second } = optimizer.moments.get(name)!
    return [values, first, second]
  }).flat()

/** Writes the state between two steps. Killed at any moment, either the old or the new file is there. */
export const saveState = async <History>(
  to: string,
  run: string,
  history: ReadonlyArray<History>,
  state: LiveState
): Promise<void> => {
  const folder = join(to, folderName)
  await mkdir(folder, { recursive: true })
  const arrays = arraysOf(state)
  const { steps } = state.optimizer
  const header: Header<History> = { run, step: steps, history, lengths: arrays.map((array) => array.length) }
  const json = Buffer.from(JSON.stringify(header))
  const prefix = Buffer.alloc(headerBytes)
  prefix.writeBigUInt64LE(BigInt(json.length))
  const file = await open(join(folder, `${fileName}.${process.pid}`), "w")
  try {
    await file.writeFile(prefix)
    await file.writeFile(json)
    for (const array of arrays) await file.writeFile(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(join(folder, `${fileName}.${process.pid}`), join(folder, fileName))
}

/** Fills `view` from `position` on; false when the file ends before. */
const readInto = async (file: FileHandle, view: Uint8Array, position: number): Promise<boolean> => {
  for (let done = 0; done < view.length;) {
    const { bytesRead } = await file.read(view, done, Math.min(view.length - done, readBytes), position + done)
    if (bytesRead === 0) return false
    done += bytesRead
  }
  return true
}

/**
 * Restores the state of `run` into the live arrays and returns its history; `undefined` when there is none, or
 * one of another run.
 */
export const restoreState = async <History>(
  to: string,
  run: string,
  state: LiveState
): Promise<ReadonlyArray<History> | undefined> => {
  const file = await open(join(to, folderName, fileName)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined
    throw cause
  })
  if (file === undefined) return undefined
  try {
    const prefix = Buffer.alloc(headerBytes)
    if (!await readInto(file, prefix, 0)) return undefined
    const json = Buffer.alloc(Number(prefix.readBigUInt64LE(0)))
    if (!await readInto(file, json, headerBytes)) return undefined
    const header: Header<History> = JSON.parse(json.toString("utf8"))
    const arrays = arraysOf(state)
    const sameShape = header.lengths.length === arrays.length && header.lengths.every((n, i) => n === arrays[i]!.length)
    if (header.run !== run || !sameShape) return undefined
    let position = headerBytes + json.length
    for (const array of arrays) {
      const view = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
      // Renamed only when complete, so a short file was cut by someone else; half of it is in the live arrays by now.
      if (!await readInto(file, view, position)) {
        throw new Error(`${join(to, folderName, fileName)} is cut short; delete it`)
      }
      position += view.length
    }
    state.optimizer.steps = header.step
    return header.history
  } finally {
    await file.close()
  }
}

/** Removes the state of a finished run. */
export const clearState = (to: string): Promise<void> => rm(join(to, folderName), { recursive: true, force: true })
