/**
 * Every command of `pipeline`: the engine's, and those that know the method or its models. This is where the two meet: the
 * engine knows no node, no node knows the command line, and nothing imports this folder but what starts the process.
 *
 * The engine's commands and this list start from the bundle. The modules named here stay sources, as the nodes they
 * import do, and are read when their command is called.
 */
import { above } from "../runtime/cli/above.ts"
import { type Commands, commands as engine } from "../runtime/cli/commands.ts"

/** In the order in which `--help` lists them. To two of the engine's the method adds what only it knows. */
export const commands: Commands = {
  ...engine,
  diff: {
    ...engine["diff"]!,
    load: async () => (await above<typeof import("./diff.ts")>("cli/diff")).diff
  },
  trace: {
    ...engine["trace"]!,
    load: async () => (await above<typeof import("./trace.ts")>("cli/trace")).trace
  },
  "why-trained": {
    description: "which optimiser steps saw an example, and where it came from",
    load: async () => (await above<typeof import("./whyTrained.ts")>("cli/whyTrained")).whyTrained
  },
  report: {
    description: "the report of a run, as Markdown or as one HTML file",
    load: async () => (await above<typeof import("./report.ts")>("cli/report")).report
  },
  spec: {
    description: "check a specification, or say what an edit of it means",
    load: async () => (await above<typeof import("./spec.ts")>("cli/spec")).spec
  },
  doctor: {
    description: "what this machine has for the embedded models and the cache",
    load: async () => (await above<typeof import("./doctor.ts")>("cli/doctor")).doctor
  }
}
