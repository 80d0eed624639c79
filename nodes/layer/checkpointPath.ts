/**
 * Where the weights of a checkpoint artifact lie: its folder, the one `.gguf` file in it, or elsewhere, when the artifact
 * only refers to a model that stays on a hub or a server.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Folder } from "../../runtime/Type.ts"

/** The file in a reference checkpoint that says what it refers to. */
export const referenceFile = "reference.json"

/** A model that stays elsewhere, by its address: `hf:owner/name@revision`. */
export interface CheckpointReference {
  readonly uri: string
}

/** The reference a checkpoint holds, or undefined where it holds weights. */
export const referenceOf = (checkpoint: Folder<"checkpoint">): CheckpointReference | undefined => {
  const file = join(checkpoint.path, referenceFile)
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined
}

/** The path an embedded model opens. */
export const checkpointPath = (checkpoint: Folder<"checkpoint">): string => {
  const gguf = readdirSync(checkpoint.path).find((name) => name.endsWith(".gguf"))
  return gguf === undefined ? checkpoint.path : join(checkpoint.path, gguf)
}
