/**
 * A result of a command as one line of JSON, safe to look at: what a model wrote may hold escape sequences and hidden
 * characters.
 */
import type { Cell } from "../../cache/Columns.ts"
import { cellJson } from "../query/cellJson.ts"
import { print } from "./output.ts"

/** Prints plain data: objects and arrays of cells. */
export const printJson = (value: object): void => print(cellJson(value as unknown as Cell))
