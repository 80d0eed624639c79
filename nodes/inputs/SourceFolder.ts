/**
 * Where bytes from outside are kept: one folder for each pinned archive, named by its SHA-256, shared by all runs that
 * use the folder. Who puts them there is `fetchWheel.ts`.
 */
import * as Context from "effect/Context"

/** The folder, absolute or relative to the working directory. Its place never enters a key. */
export const SourceFolder = Context.Reference<string>("sinternal/nodes/SourceFolder", {
  defaultValue: () => ".pipeline/sources"
})
