/**
 * Harm to one file, as a failing disk or a careless hand does it; what it was is the seed's to say.
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs"

type Change = (bytes: Buffer, draw: () => number) => Buffer | undefined

const somewhere = (bytes: Buffer, draw: () => number): number => Math.floor(draw() * bytes.length)

/** What a file holds afterwards; undefined where it is gone. */
const changes: { readonly [harm: string]: Change } = {
  "a flipped bit": (bytes, draw) => {
    const at = somewhere(bytes, draw)
    if (bytes.length > 0) bytes[at] = bytes[at]! ^ (1 << Math.floor(draw() * 8))
    return bytes
  },
  "a cut end": (bytes, draw) => bytes.subarray(0, somewhere(bytes, draw)),
  "zeros in the middle": (bytes, draw) => {
    const at = somewhere(bytes, draw)
    return bytes.fill(0, at, Math.min(at + 512, bytes.length))
  },
  "a foreign end": (bytes, draw) =>
    Buffer.concat([bytes, Buffer.from(Array.from({ length: 100 }, () => Math.floor(draw() * 256)))]),
  "no bytes": () => Buffer.alloc(0),
  "no file": () => undefined
}

/** Harms the file. Returns in words what was done. */
export const harmFile = (file: string, draw: () => number): string => {
  const harms = Object.entries(changes)
  const [harm, change] = harms[Math.floor(draw() * harms.length)]!
  const harmed = change(readFileSync(file), draw)
  chmodSync(file, 0o600)
  if (harmed === undefined) rmSync(file)
  else writeFileSync(file, harmed)
  return harm
}
