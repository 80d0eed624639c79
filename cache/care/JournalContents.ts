/**
 * What the journal holds, read once from end to end: which small blobs there are, and what each action is made of. It is
 * a picture of one instant, for gc and its like; runs use `Journal.ts`.
 */
import * as path from "node:path"
import type { Digest } from "../Digest.ts"
import { Kind } from "../log/Frame.ts"
import { type Action, blobsOf, decodeAction } from "../Manifest.ts"
import type { Knowledge } from "./Knowledge.ts"
import { listed } from "./listed.ts"
import { hexAt, type LogFrame, readLog } from "./readLog.ts"
import { unlessGone } from "./unlessGone.ts"

/** What is to be known of an action without holding it. */
export interface ActionFacts {
  readonly label: string
  readonly run: string
  /** When its result was made. **Unit**: milliseconds since 1970. */
  readonly madeMs: number
  readonly content: Digest
  readonly isFolder: boolean
  readonly blobs: ReadonlyArray<Digest>
  readonly rowFunction: Digest | undefined
  /** Keys of the actions of its sources. */
  readonly sources: ReadonlyArray<Digest>
}

const factsOf = (action: Action, { usesOf }: Knowledge): ActionFacts => ({
  label: action.label,
  run: action.run,
  madeMs: Date.parse(action.startedAt) + action.durationMs,
  content: action.manifest.content,
  isFolder: action.manifest.kind === "folder",
  blobs: blobsOf(action.manifest),
  ...usesOf(action)
})

/** Names of the logs in a folder, in the order of their creation. */
export const logsIn = (folder: string): ReadonlyArray<string> => listed(folder).filter((name) => name.endsWith(".log"))

/** Reads every log of a folder, also those that others merge meanwhile. */
export const readLogs = (folder: string, frame: (frame: LogFrame, log: string) => void): void => {
  const read = new Set<string>()
  for (let again = true; again;) {
    again = false
    for (const log of logsIn(folder)) {
      if (read.has(log)) continue
      read.add(log)
      if (unlessGone(() => readLog(path.join(folder, log), { frame: (each) => frame(each, log) })) === undefined) {
        again = true
      }
    }
  }
}

export class JournalContents {
  /** The action that stands for each key. */
  readonly actions = new Map<Digest, ActionFacts>()
  /** Bytes of each small blob. */
  readonly blobs = new Map<Digest, number>()

  /** `base` is the folder of the layout. **Fails**: throws what the file system says. */
  constructor(base: string, knowledge: Knowledge) {
    readLogs(path.join(base, "journal"), ({ key, keys, kind, payload }) => {
      if (kind === Kind.origin) return
      const name = hexAt(keys, key)
      if (kind === Kind.blob) this.blobs.set(name, payload.length)
      else if (kind === Kind.actionReplacement || !this.actions.has(name)) this.#addAction(name, payload, knowledge)
    })
  }

  #addAction(key: Digest, payload: Uint8Array, knowledge: Knowledge): void {
    try {
      this.actions.set(key, factsOf(decodeAction(payload, key), knowledge))
    } catch {
      // an action that nobody can read is none; `verify` reports it
    }
  }
}
