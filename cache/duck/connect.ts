/**
 * DuckDB as a stateless operator: one `:memory:` instance a process, closed to the file system and the network, and one
 * connection a statement, whose temporary tables nobody else sees. No file of DuckDB's own is ever made.
 */
import type * as Duck from "@duckdb/node-api"

export type DuckModule = typeof Duck

/**
 * One thread and insertion order, or equal inputs could give rows in another order; UTC, or the machine's zone would
 * reach results.
 */
const configuration = {
  threads: "1",
  preserve_insertion_order: "true",
  autoload_known_extensions: "false",
  autoinstall_known_extensions: "false",
  errors_as_json: "true"
}

interface Opened {
  readonly duck: DuckModule
  readonly instance: Duck.DuckDBInstance
}

let opening: Promise<Opened> | undefined

const open = async (): Promise<Opened> => {
  const duck = await import("@duckdb/node-api")
  const instance = await duck.DuckDBInstance.create(":memory:", configuration)
  const connection = await instance.connect()
  await connection.run("set global TimeZone = 'UTC'")
  // In this order: the folder for spilled data cannot be taken away once external access is off.
  await connection.run("set global temp_directory = ''")
  await connection.run("set global enable_external_access = false")
  await connection.run("set global lock_configuration = true")
  connection.closeSync()
  return { duck, instance }
}

/** A connection and the module it came from. Whoever connects closes it with `closeSync`. */
export interface Connected {
  readonly duck: DuckModule
  readonly connection: Duck.DuckDBConnection
}

const connect = async (): Promise<Connected> => {
  const { duck, instance } = await (opening ??= open())
  return { duck, connection: await instance.connect() }
}

/** Unit: milliseconds. */
const interruptEvery = 10

/** A connection for one statement in several steps. */
export interface Session {
  readonly use: <A>(work: (connected: Connected) => Promise<A>) => Promise<A>
  /** Stops a step that is running and closes the connection once it has stopped: DuckDB works on another thread. */
  readonly close: () => Promise<void>
}

export const openSession = async (): Promise<Session> => {
  const connected = await connect()
  let running: Promise<unknown> = Promise.resolve()
  return {
    use: (work) => {
      const step = work(connected)
      running = step.then(() => undefined, () => undefined)
      return step
    },
    close: async () => {
      // Again and again: an interrupt that comes before DuckDB has begun with the statement is forgotten.
      const again = setInterval(() => connected.connection.interrupt(), interruptEvery)
      await running
      clearInterval(again)
      connected.connection.closeSync()
    }
  }
}

/** Runs `work` with a connection of its own and closes it. */
export const withConnection = async <A>(work: (connected: Connected) => Promise<A>): Promise<A> => {
  const connected = await connect()
  try {
    return await work(connected)
  } finally {
    connected.connection.closeSync()
  }
}

/** DuckDB's version, which is part of the key of everything it computes. */
export const duckVersion = async (): Promise<string> => (await import("@duckdb/node-api")).version()

/** A name as it stands in SQL. */
export const quoteName = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`

/** A text as it stands in SQL. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`
