/**
 * The content digest that a manifest must have, worked out anew from its parts.
 */
import type { Digest } from "../Digest.ts"
import { folderContent, type Manifest, tableContent, valueContent } from "../Manifest.ts"

export const contentOf = (manifest: Manifest): Digest => {
  switch (manifest.kind) {
    case "table":
      return tableContent(manifest.rows, manifest.schema.map(({ name }) => [name, manifest.columns[name] ?? ""]))
    case "value":
      return valueContent(manifest.blob)
    case "folder":
      return folderContent(manifest.files)
  }
}
