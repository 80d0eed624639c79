/**
 * Whom the parts of a cache belong to, for people: the nodes whose results a blob is part of, the node and row of a
 * frame. As far as records that can be read say so.
 */
import * as path from "node:path"
import type { Digest } from "../Digest.ts"
import { Kind } from "../log/Frame.ts"
import { blobsOf, type RunRecord } from "../Manifest.ts"
import type { JournalContents } from "./JournalContents.ts"

const sorted = (labels: Iterable<string>): ReadonlyArray<string> => [...new Set(labels)].sort()

export class Owners {
  readonly #journal: JournalContents
  readonly #records: ReadonlyArray<RunRecord>
  #labels: ReadonlyMap<Digest, ReadonlySet<string>> | undefined

  constructor(journal: JournalContents, records: ReadonlyArray<RunRecord>) {
    this.#journal = journal
    this.#records = records
  }

  /** Labels of the nodes whose results need a blob. */
  ofBlob(blob: Digest): ReadonlyArray<string> {
    return sorted((this.#labels ??= this.#labelsOfBlobs()).get(blob) ?? [])
  }

  /** Labels of the sources and nodes that made a folder. */
  ofFolder(content: Digest): ReadonlyArray<string> {
    return sorted(
      [...this.#journal.actions.values()].flatMap((action) => action.content === content ? [action.label] : [])
    )
  }

  /** Of a part of a log; `key` in hex where it is known. */
  ofFrame(folder: string, kind: Kind | undefined, key: string | undefined): ReadonlyArray<string> {
    if (folder !== "journal") return this.#ofRow(path.basename(folder), key)
    if (key === undefined) return []
    if (kind === Kind.blob) return this.ofBlob(key)
    return sorted(this.#records.flatMap(({ nodes }) => nodes.flatMap((node) => node.key === key ? [node.label] : [])))
  }

  #ofRow(rowFunction: Digest, key: string | undefined): ReadonlyArray<string> {
    const labels = [...this.#journal.actions.values()].flatMap((action) =>
      action.rowFunction === rowFunction ? [action.label] : []
    )
    const row = key === undefined ? "" : `row ${key.slice(0, 8)} of `
    return labels.length === 0 ? [`${row}a node without a result`] : sorted(labels).map((label) => `${row}${label}`)
  }

  #labelsOfBlobs(): ReadonlyMap<Digest, ReadonlySet<string>> {
    const labels = new Map<Digest, Set<string>>()
    const add = (label: string, digests: ReadonlyArray<Digest>): void => {
      for (const digest of digests) {
        const known = labels.get(digest)
        if (known === undefined) labels.set(digest, new Set([label]))
        else known.add(label)
      }
    }
    for (const { blobs, label } of this.#journal.actions.values()) add(label, blobs)
    for (const { nodes } of this.#records) {
      for (const { label, manifest } of nodes) if (manifest !== undefined) add(label, blobsOf(manifest))
    }
    return labels
  }
}
