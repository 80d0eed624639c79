/**
 * The machine a result was made on: recorded with it, never in a key. A result that differs elsewhere is an event.
 */
import { cpus } from "node:os"

export const host = {
  cpu: cpus()[0]?.model ?? "unknown",
  node: process.version,
  platform: `${process.platform}-${process.arch}`
}
