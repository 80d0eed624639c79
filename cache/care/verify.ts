/**
 * Checks every byte of a cache that has something to be checked by: digests of blobs and folders, checks of frames,
 * indexes, records and pins. With `quarantine` what is damaged is put out of the way, so that the next run makes it
 * again.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { endHolder, makeHolder } from "../Holder.ts"
import { HolderFile } from "../HolderFile.ts"
import { blobsOf, type RunRecord } from "../Manifest.ts"
import { Runs } from "../Runs.ts"
import { FileVerification } from "./FileVerification.ts"
import { type Damage, Findings, type FindingsOptions } from "./Findings.ts"
import { JournalContents, logsIn } from "./JournalContents.ts"
import type { Knowledge } from "./Knowledge.ts"
import { listed } from "./listed.ts"
import { LogVerification } from "./LogVerification.ts"
import { Owners } from "./Owners.ts"

export interface VerifyOptions extends FindingsOptions {
  readonly knowledge: Knowledge
}

export interface Verified {
  readonly damage: ReadonlyArray<Damage>
  readonly files: number
  readonly bytes: number
  /** Labels of present results whose bytes are not in the cache: collected, or lost. */
  readonly missing: ReadonlyArray<string>
}

/** Present results some of whose bytes are not here. */
const missingOf = (
  findings: Findings,
  journal: JournalContents,
  records: ReadonlyArray<RunRecord>,
  { presentOf }: Knowledge
): ReadonlyArray<string> => {
  const isHere = (blob: string) =>
    journal.blobs.has(blob) || fs.existsSync(findings.at("blobs", blob.slice(0, 2), blob.slice(2)))
  const found = new Set<string>()
  for (const experiment of new Set(records.map((record) => record.experiment))) {
    for (const [label, { node }] of presentOf(records.filter((record) => record.experiment === experiment))) {
      if (node.manifest !== undefined && !blobsOf(node.manifest).every(isHere)) found.add(label)
    }
  }
  return [...found].sort()
}

const verifyAs = async (self: HolderFile, options: VerifyOptions): Promise<Verified> => {
  const { base, knowledge } = options
  const findings = new Findings(options)
  const journal = new JournalContents(base, knowledge)
  const records = new Runs(base).list()
  const owners = new Owners(journal, records)
  const logs = ["journal", ...listed(findings.at("memo")).map((name) => path.join("memo", name))]
    .flatMap((folder) => logsIn(findings.at(folder)).map((log) => ({ folder, log })))
  const blobs = listed(findings.at("blobs")).flatMap((two) =>
    listed(findings.at("blobs", two)).map((rest) => ({ relative: path.join("blobs", two, rest), name: two + rest }))
  )
  for (
    const relative of [
      ...blobs.map((blob) => blob.relative),
      ...logs.map(({ folder, log }) => path.join(folder, log))
    ]
  ) {
    findings.total += fs.statSync(findings.at(relative), { throwIfNoEntry: false })?.size ?? 0
  }
  const logVerification = new LogVerification(findings, owners, self)
  for (const { folder, log } of logs) logVerification.check(folder, log)
  const fileVerification = new FileVerification(findings, owners)
  for (const { name, relative } of blobs) await fileVerification.blob(relative, name)
  for (const name of listed(findings.at("folders"))) await fileVerification.folder(name)
  for (const name of listed(findings.at("runs"))) fileVerification.runFile(name)
  for (const name of listed(findings.at("pins"))) fileVerification.pin(name)
  const { bytes, damage, files } = findings
  return { damage, files, bytes, missing: missingOf(findings, journal, records, knowledge) }
}

/** Verifies a cache. **Fails**: rejects with what the file system says. */
export const verify = async (options: VerifyOptions): Promise<Verified> => {
  const holder = makeHolder()
  const self = new HolderFile(path.join(options.base, "tmp"), holder)
  try {
    return await verifyAs(self, options)
  } finally {
    self.close()
    endHolder(holder)
  }
}
