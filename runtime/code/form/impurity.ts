/**
 * What a node's body must not touch, because no key can see it: the environment, clocks, unseeded randomness, files,
 * the network, other processes, and syntax Node cannot run or the digest cannot follow. This file is the list;
 * `normalForm.ts` looks every name up in it.
 */

export type Impurity = "env" | "clock" | "random" | "fs" | "network" | "process" | "import" | "syntax"

/** What to do instead, by kind; the end of the message a refused node gets. */
export const remedies: { readonly [kind in Impurity]: string } = {
  env: "pass the value as a parameter",
  clock: "pass the time as a parameter",
  random: "declare the node `seeded` and use its seed",
  fs: "make the file an input, or write below the folder a service is given",
  network: "call it through a service",
  process: "call it through a service",
  import: "name modules literally, for example in a map of them",
  syntax: "write syntax that Node can erase"
}

const globals = new Map<string, Impurity>([
  ["process.env", "env"],
  ["process.argv", "env"],
  ["process.cwd", "env"],
  ["process.hrtime", "clock"],
  ["process.uptime", "clock"],
  ["Date.now", "clock"],
  ["Temporal.Now", "clock"],
  ["performance.now", "clock"],
  ["performance.timeOrigin", "clock"],
  ["Math.random", "random"],
  ["crypto.randomUUID", "random"],
  ["crypto.getRandomValues", "random"],
  ["fetch", "network"],
  ["WebSocket", "network"],
  ["EventSource", "network"],
  ["XMLHttpRequest", "network"]
])

/** Modules by the members that are refused; `*` is any. */
const modules = new Map<string, { readonly [member: string]: Impurity }>([
  ["fs", { "*": "fs" }],
  ["fs/promises", { "*": "fs" }],
  ["process", { env: "env", argv: "env", cwd: "env", hrtime: "clock", uptime: "clock" }],
  ["os", { "*": "env" }],
  ["perf_hooks", { performance: "clock" }],
  ["crypto", {
    randomUUID: "random",
    getRandomValues: "random",
    randomBytes: "random",
    randomInt: "random",
    randomFill: "random",
    randomFillSync: "random",
    webcrypto: "random"
  }],
  ["http", { "*": "network" }],
  ["https", { "*": "network" }],
  ["http2", { "*": "network" }],
  ["net", { "*": "network" }],
  ["tls", { "*": "network" }],
  ["dgram", { "*": "network" }],
  ["dns", { "*": "network" }],
  ["child_process", { "*": "process" }],
  ["cluster", { "*": "process" }],
  ["effect/Clock", { "*": "clock" }],
  ["effect/Config", { "*": "env" }],
  ["effect/DateTime", { now: "clock", nowAsDate: "clock", nowUnsafe: "clock", nowInCurrentZone: "clock" }]
])

/** The kind of a global by its path, such as `Math.random`. */
export const impurityOfGlobal = (path: string): Impurity | undefined => globals.get(path)

/** The kind of a module's member; `default` and the namespace itself count only where every member does. */
export const impurityOfMember = (specifier: string, member: string): Impurity | undefined => {
  const members = modules.get(specifier.replace(/^node:/, ""))
  if (members === undefined) return undefined
  return Object.hasOwn(members, member) ? members[member] : members["*"]
}

/** The kinds that a comment `// pipeline: allow clock, env` names. */
export const allowedBy = (comment: string): ReadonlyArray<string> =>
  /^\s*pipeline:\s*allow\s+([\w\s,]+)/.exec(comment)?.[1]?.split(/[\s,]+/).filter((kind) => kind !== "") ?? []
