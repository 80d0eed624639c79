/**
 * What the prompt offers on Tab: names of tables and their columns, SQL's commonest words, and its own commands.
 */
import { quoteName } from "../../cache/duck/connect.ts"
import type { NamedTable } from "./tablesByName.ts"

const words = [
  "select",
  "from",
  "where",
  "group by all",
  "order by all",
  "limit",
  "join",
  "using",
  "count(*)",
  "distinct"
]

/** The prompt's own commands. */
export const commandNames = ["\\d", "\\x", "\\q", "\\?"]

/** What is being typed: a command, a name in quotes that is not closed, or a word. */
const typed = /(?:^\\\w*|"[^"]*|[\w.]*)$/u

const asWritten = (name: string): string => /^[a-z_]\w*$/iu.test(name) ? name : quoteName(name)

/**
 * The completions of a line's end, and that end, as `readline` wants them. A name that needs quotes gets them.
 *
 * **Shape**: `tables` as `tablesByName` gives them.
 */
export const completions = (
  line: string,
  tables: ReadonlyMap<string, NamedTable>
): [ReadonlyArray<string>, string] => {
  const fragment = typed.exec(line)?.[0] ?? ""
  if (fragment === "") return [[], ""]
  const names = [...tables.values()].flatMap(({ name, table }) => [name, ...table.schema.map((column) => column.name)])
  const bare = fragment.replace(/^"/u, "").toLowerCase()
  const fitting = [...new Set(names)].filter((name) => name.toLowerCase().startsWith(bare)).map(asWritten)
  const others = [...commandNames, ...words].filter((word) => word.startsWith(fragment.toLowerCase()))
  return [[...fitting, ...others], fragment]
}
