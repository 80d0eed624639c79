import { open } from "./library/open.ts"
const cache = await open()
const rows = await cache.sql<{ n: number }>`select 1 as n`
const unused = 1
const text: string = rows[0]!.n
export {}
