/**
 * Takes back out of the trash what turned out to be needed after all: a run that was going on when it was put aside has
 * named it since.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Digest } from "../Digest.ts"
import { Journal } from "../Journal.ts"
import { Kind } from "../log/Frame.ts"
import { MemoryBudget } from "../log/LogBytes.ts"
import { type JournalContents, logsIn } from "./JournalContents.ts"
import type { Inventory } from "./Inventory.ts"
import type { Mark } from "./Mark.ts"
import { hexAt, readLog } from "./readLog.ts"
import type { Trash } from "./Trash.ts"

/** Small blobs that are needed and stand only in logs that were put aside. */
const smallBlobs = (trash: Trash, missing: ReadonlySet<Digest>): ReadonlyMap<Digest, Uint8Array> => {
  const found = new Map<Digest, Uint8Array>()
  for (const batch of trash.batches()) {
    const folder = trash.pathOf(batch, "journal")
    for (const log of logsIn(folder)) {
      readLog(path.join(folder, log), {
        frame: ({ key, keys, kind, payload }) => {
          if (kind !== Kind.blob) return
          const digest = hexAt(keys, key)
          if (missing.has(digest)) found.set(digest, Buffer.from(payload))
        }
      })
    }
  }
  return found
}

/** Returns how many things came back. **Fails**: rejects with what the file system says. */
export const restore = async (
  base: string,
  trash: Trash,
  mark: Mark,
  stored: { readonly inventory: Inventory; readonly journal: JournalContents }
): Promise<number> => {
  if (trash.batches().length === 0) return 0
  let restored = 0
  const missing = new Set<Digest>()
  for (const blob of mark.blobs) {
    if (stored.inventory.blobs.has(blob) || stored.journal.blobs.has(blob)) continue
    if (trash.rescue(path.join("blobs", blob.slice(0, 2), blob.slice(2)))) restored++
    else if (!fs.existsSync(path.join(base, "blobs", blob.slice(0, 2), blob.slice(2)))) missing.add(blob)
  }
  for (const rowFunction of trash.names("memo")) {
    if (mark.rowFunctions.has(rowFunction) && trash.rescue(path.join("memo", rowFunction))) restored++
  }
  const small = missing.size === 0 ? new Map<Digest, Uint8Array>() : smallBlobs(trash, missing)
  if (small.size === 0) return restored
  const journal = new Journal(base, new MemoryBudget(0))
  try {
    for (const [digest, bytes] of small) journal.put("blob", digest, bytes)
    await journal.flush()
  } finally {
    await journal.close()
  }
  return restored + small.size
}
