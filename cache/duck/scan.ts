/**
 * Tables of the cache as DuckDB reads them: a table function that hands over one chunk after the other, so that a
 * statement needs the memory of a chunk and not of the table, and only the columns it asks for are copied. DuckDB calls
 * it from its own threads and waits; it runs on ours.
 */
import type * as Duck from "@duckdb/node-api"
import type { TableSchema } from "../Columns.ts"
import { ReadMemory } from "../ReadMemory.ts"
import type { EncodedChunk } from "../Tables.ts"
import { type Connected, type DuckModule, quoteName, quoteText } from "./connect.ts"
import { columnsOrPlaceholder, copyColumn, duckType, vectorRows } from "./tables.ts"
import type { Bindings } from "./text.ts"

/** What a scan reads. `read` throws; its error is found in `failure` afterwards, DuckDB carries only its words. */
export interface ScanSource {
  readonly schema: TableSchema
  readonly chunks: number
  /** The columns of a chunk; they may lie in `memory`, and last until it is used again. */
  readonly read: (chunk: number, memory: ReadMemory) => EncodedChunk
  failure: { readonly error: unknown } | undefined
}

const functionName = "sinternal_scan"

/** Sources by the token that stands in a view. */
const sources = new Map<string, ScanSource>()

let tokens = 0

/** Where one scan stands: a table that is joined with itself has two at once. */
interface Position {
  readonly source: ScanSource
  readonly columns: ReadonlyArray<number>
  /** DuckDB has a copy of a chunk before the next one is read. */
  readonly memory: ReadMemory
  chunk: number
  row: number
  data: EncodedChunk | undefined
}

/** The chunk that the next rows are in; undefined at the end. */
const chunkAt = (position: Position): EncodedChunk | undefined => {
  while (position.data === undefined || position.row >= position.data.rows) {
    if (position.chunk >= position.source.chunks) return undefined
    position.data = position.source.read(position.chunk++, position.memory)
    position.row = 0
  }
  return position.data
}

const fill = (bindings: Bindings, position: Position, out: Duck.DuckDBDataChunk): void => {
  const data = chunkAt(position)
  if (data === undefined) {
    out.rowCount = 0
    return
  }
  const rows = Math.min(vectorRows, data.rows - position.row)
  out.rowCount = rows
  position.columns.forEach((column, k) => {
    const from = data.columns[column]
    // The placeholder of a table that is only counted has no data, and nobody looks at it.
    if (from !== undefined) {
      copyColumn(bindings, bindings.data_chunk_get_vector(out.chunk, k), from, position.row, rows)
    }
  })
  position.row += rows
}

const sourceOf = (info: { readonly bindData: object | undefined }): ScanSource =>
  (info.bindData as { readonly source: ScanSource }).source

const scanFunction = (duck: DuckModule, bindings: Bindings): Duck.DuckDBTableFunction =>
  duck.DuckDBTableFunction.create({
    name: functionName,
    parameterTypes: [duck.VARCHAR],
    supportsProjectionPushdown: true,
    bindFunction: (info) => {
      const source = sources.get(String(info.getParameter(0)))
      if (source === undefined) return info.setError("this table is not open any more")
      for (const { name, type } of columnsOrPlaceholder(source.schema)) info.addResultColumn(name, duckType(duck, type))
      info.setBindData({ source })
    },
    initFunction: (info) => {
      const position: Position = {
        source: sourceOf(info),
        columns: info.getColumnIndexes(),
        memory: new ReadMemory(),
        chunk: 0,
        row: 0,
        data: undefined
      }
      // One after the other, or rows would come in another order from run to run.
      info.setMaxThreads(1)
      info.setInitData(position)
    },
    mainFunction: (info, out) => {
      const position = info.initData as Position
      try {
        fill(bindings, position, out)
      } catch (error) {
        position.source.failure ??= { error }
        info.setError(String(error))
      }
    }
  })

let registered: Promise<void> | undefined

const register = async ({ connection, duck }: Connected): Promise<void> => {
  const { default: bindings } = await import("@duckdb/node-bindings")
  connection.registerTableFunction(scanFunction(duck, bindings))
}

/** Makes a temporary view of a source that lasts as long as the connection; the source until it is closed. */
export const createScan = async (
  connected: Connected,
  name: string,
  source: ScanSource
): Promise<{ readonly close: () => void }> => {
  await (registered ??= register(connected))
  const token = String(tokens++)
  sources.set(token, source)
  await connected.connection.run(
    `create temporary view ${quoteName(name)} as select * from ${functionName}(${quoteText(token)})`
  )
  return { close: () => void sources.delete(token) }
}
