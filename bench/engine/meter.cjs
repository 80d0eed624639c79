// Loaded with --require before the command: writes what the process used when it ends. CommonJS, because loading it
// must not cost what it measures. Threads of the process are counted by the operating system; worker threads load this
// file too and say nothing.
"use strict"
const { appendFileSync, readFileSync } = require("node:fs")
const { isMainThread } = require("node:worker_threads")

/** Nanoseconds that the main thread was ready and no core was free; 0 where the system does not say. */
const waited = () => {
  try {
    return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[1])
  } catch {
    return 0
  }
}

if (isMainThread && process.env.BENCH_METER !== undefined) {
  process.on("exit", () => {
    const { maxRSS, systemCPUTime, userCPUTime } = process.resourceUsage()
    const line = { cpuUs: userCPUTime + systemCPUTime, maxRssKiB: maxRSS, waitedNs: waited() }
    appendFileSync(process.env.BENCH_METER, `${JSON.stringify(line)}\n`)
  })
}
