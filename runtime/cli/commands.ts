/**
 * The engine's commands by name: what `--help` says of each, and its module, which is loaded when the command is asked for
 * and not before. So a list of commands costs next to nothing, and no command waits for what only another one needs. What
 * a method adds, and the whole list that `pipeline` has, is in `cli/commands.ts`.
 */
import type * as Command from "effect/cli/Command"

/** Any command. What it takes, fails with and needs is erased: the command line ends all of them alike. */
export type AnyCommand = Command.Command<any, any, any, any, any>

export interface Listed {
  readonly description: string
  readonly load: () => Promise<AnyCommand>
}

/** By name, in the order in which `--help` lists them. */
export type Commands = { readonly [name: string]: Listed }

export const commands: Commands = {
  init: {
    description: "a small project of your own, ready to run",
    load: async () => (await import("./init.ts")).init
  },
  run: {
    description: "run what is stale, and print the results",
    load: async () => (await import("./run.ts")).run
  },
  plan: {
    description: "what would run, why, and what it costs",
    load: async () => (await import("./plan.ts")).plan
  },
  why: {
    description: "why a node or a row is stale: what differs in its key, old → new",
    load: async () => (await import("./why.ts")).why
  },
  accept: {
    description: "declare that changed code gives the same results",
    load: async () => (await import("./accept.ts")).accept
  },
  ls: {
    description: "what the cache holds: nodes of the latest runs",
    load: async () => (await import("./ls.ts")).ls
  },
  show: {
    description: "the rows or the value of a node's latest result",
    load: async () => (await import("./show.ts")).show
  },
  log: {
    description: "what a run said while it ran, line by line",
    load: async () => (await import("./log.ts")).log
  },
  diff: {
    description: "what differs between two runs: settings, nodes, rows, verdicts, metrics",
    load: async () => (await import("./diff.ts")).diff
  },
  trace: {
    description: "where a row came from and what came of it",
    load: async () => (await import("./trace.ts")).trace
  },
  query: {
    description: "SQL over the results of every node",
    load: async () => (await import("./query.ts")).query
  },
  plot: {
    description: "a metric along an axis, as SVG and PNG",
    load: async () => (await import("./plot.ts")).plot
  },
  notebook: {
    description: "notebooks that query the cache, for Deno's Jupyter kernel",
    load: async () => (await import("./notebook.ts")).notebook
  },
  gc: {
    description: "put aside what nothing needs, and delete what was put aside before",
    load: async () => (await import("./gc.ts")).gc
  },
  pin: {
    description: "name a run or a result that gc keeps",
    load: async () => (await import("./pin.ts")).pin
  },
  verify: {
    description: "check every byte of the cache against its digests",
    load: async () => (await import("./verify.ts")).verify
  },
  export: {
    description: "one archive with all that shows or continues a run elsewhere",
    load: async () => (await import("./export.ts")).exportCommand
  },
  import: {
    description: "take a run that was exported into this cache",
    load: async () => (await import("./import.ts")).importCommand
  }
}
