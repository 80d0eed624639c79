/**
 * What bodies receive: a vertex's inputs as rows, values and folders, and sources, which are fetched when the first body
 * needs them. Results come out of the store as they are; one that is lost is the caller's to mend.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { digest } from "../cache/Digest.ts"
import type { FolderManifest, TableManifest, ValueManifest } from "../cache/Manifest.ts"
import { Store } from "../cache/Store.ts"
import { isLost } from "../cache/StoreFailed.ts"
import { toRows } from "./Cells.ts"
import type { AnyType, LentFolder, RowsDefinition, SourceDefinition } from "./Definition.ts"
import type { Vertex } from "./Graph.ts"
import { host } from "./host.ts"
import type { Known } from "./Resolver.ts"
import { storedAction } from "./storedAction.ts"
import type { Folder, Rows } from "./Type.ts"
import * as Usage from "./Usage.ts"

/** A source's folder in the store: acquired once, then found by its content. */
const acquire = Effect.fnUntraced(function*(vertex: Vertex, content: string) {
  const store = yield* Store
  const definition = vertex.definition as SourceDefinition
  const key = digest("source", content)
  yield* store.claim(key, () => undefined)
  const known = yield* storedAction(key, { refresh: true })
  if (known !== undefined && (yield* store.holds(known.manifest))) return known.manifest as FolderManifest
  const folder = yield* store.workFolder(key)
  const digests = yield* definition.acquire(folder)
  const manifest = yield* store.putFolder(folder, { move: true, digests: digests ?? new Map() })
  const wrong = definition.verify?.(manifest.files.map((file) => [file.path, file.blob]), content)
  if (wrong !== undefined) return yield* wrong
  const at = new Date(yield* Clock.currentTimeMillis).toISOString()
  yield* store.putAction({
    key,
    node: definition.name,
    label: vertex.label,
    manifest,
    parts: { source: content },
    startedAt: at,
    durationMs: 0,
    usage: Usage.none,
    run: "source",
    host
  })
  return manifest
}, Effect.scoped)

/** The folder of a source; one that was lost in the cache is acquired again. */
const sourceFolder = (vertex: Vertex, content: string) => {
  const folder = Effect.flatMap(
    Effect.zip(Store, acquire(vertex, content)),
    ([store, manifest]) => store.folderPath(manifest)
  )
  return Effect.catchIf(folder, isLost, () => folder)
}

/** Where a folder lies; a large source may be lent. */
const folderOf = Effect.fnUntraced(function*(input: Vertex, known: Known, lent?: Array<LentFolder>) {
  if (known.manifest !== undefined) return yield* (yield* Store).folderPath(known.manifest as FolderManifest)
  const definition = input.definition as SourceDefinition
  const folder = lent === undefined ? undefined : yield* definition.lend?.(known.content) ?? Effect.undefined
  if (folder === undefined) return yield* sourceFolder(input, known.content)
  lent!.push(folder)
  return folder.path
})

/** What a body receives on one port. A caller that looks after it afterwards may be lent folders, and gets them in `lent`. */
export const received = Effect.fnUntraced(function*(
  type: AnyType,
  input: Vertex,
  known: Known,
  lent?: Array<LentFolder>
) {
  const store = yield* Store
  if (type.kind === "artifact") {
    const path = yield* folderOf(input, known, lent)
    return { kind: type.name, content: known.content, path } satisfies Folder<string>
  }
  if (type.kind === "value") {
    return Schema.decodeUnknownSync(type.schema)(yield* store.readValue(known.manifest as ValueManifest))
  }
  const manifest = known.manifest as TableManifest
  const columns = Object.keys(type.columns)
  const read = Effect.orDie(
    Effect.map(store.readTable(manifest, columns), (cells) => toRows(type, cells, manifest.rows))
  )
  return {
    numRows: manifest.rows,
    all: read,
    stream: Stream.orDie(
      Stream.flatMap(
        store.streamTable(manifest, columns),
        (cells) => Stream.fromIterable(toRows(type, cells, Object.values(cells)[0]?.length ?? 0))
      )
    )
  } satisfies Rows<unknown>
})

/** Side inputs as `given` sees them: tables as arrays. */
export const sideOf = Effect.fnUntraced(function*(vertex: Vertex, knowns: { readonly [port: string]: Known }) {
  const definition = vertex.definition as RowsDefinition
  const side: { [port: string]: unknown } = {}
  for (const [port, type] of Object.entries(definition.side)) {
    const value = yield* received(type, vertex.inputs[port]!, knowns[port]!)
    side[port] = type.kind === "table" ? yield* (value as Rows<unknown>).all : value
  }
  return side
})
