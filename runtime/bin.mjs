#!/usr/bin/env node
// Starts the command line under a Node that can run TypeScript: this one if it is new enough, else the project's own.
// It starts from the bundle where that stands for the sources, else from the sources; what it does is the same.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import * as module from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { usableBundle } from "./start/bundle.mjs"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const newEnough = Number(process.versions.node.split(".")[0]) >= 24

/** The Node that npm has put into this folder, or into one above it. */
const nodeAbove = (folder) => {
  const found = join(folder, "node_modules", "node", "bin", "node")
  if (existsSync(found)) return found
  return dirname(folder) === folder ? undefined : nodeAbove(dirname(folder))
}

/** Whoever asks for stack traces wants the lines of the sources in them. */
const wantsStacks = /--log-level[= ](?:all|trace|debug)\b/.test(process.argv.join(" "))

if (newEnough) {
  module.enableCompileCache?.()
  const manifest = wantsStacks ? undefined : usableBundle(root)
  const door = manifest === undefined ? undefined : (await import("./start/redirect.mjs")).redirect(root, manifest)
  // the engine's command line, and the commands that the layers above have joined to the engine's
  const [{ main }, { commands }] = await Promise.all(
    door === undefined
      ? [import("./Cli.ts"), import("../cli/commands.ts")]
      : ["runtime/Cli.ts", "cli/commands.ts"].map((module) => import(door(module)))
  )
  main(commands)
} else {
  const ours = nodeAbove(root)
  if (ours === undefined) {
    console.error(
      `pipeline needs Node 24 or newer; this is ${process.version}\n  run \`npm install --save-dev node@24\` in the project, which puts one beside it`
    )
    process.exit(2)
  }
  const child = spawn(ours, process.argv.slice(1), { stdio: "inherit" })
  // a terminal sends Ctrl-C to both; this one only waits for how the other ends
  process.on("SIGINT", () => undefined)
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)))
}
