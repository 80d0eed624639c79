/**
 * The bodies of `rows.ts` without the engine: reads the file, computes `count` rows, counts each. What this costs is
 * taken off where a figure is of what lies beyond the bodies.
 *
 *     node bare.ts <rows.jsonl> <count>
 */
import { closeSync, openSync, writeSync } from "node:fs"
import { crc32 } from "./text/crc32.ts"
import { jsonLinesOf } from "./text/fileOf.ts"

const [file, count] = process.argv.slice(2)
const fd = openSync(process.env["BENCH_COUNTER"]!, "a")
const x = Buffer.from("x")
let read = 0
let sum = 0
for (const { text } of jsonLinesOf<{ readonly id: string; readonly text: string }>(file!)) {
  if (read++ >= Number(count)) continue
  writeSync(fd, x)
  sum ^= Number.parseInt(crc32(text, 0), 16)
}
closeSync(fd)
console.log(`${read} rows read, ${Math.min(read, Number(count))} computed, ${sum}`)
