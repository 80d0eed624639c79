#!/usr/bin/env node
// Starts the command line under a Node that can run TypeScript: this one if it is new enough, else the project's own.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as module from "node:module"

const here = dirname(fileURLToPath(import.meta.url))
const newEnough = Number(process.versions.node.split(".")[0]) >= 24

if (newEnough) {
  module.enableCompileCache?.()
  const { main } = await import("./Cli.ts")
  main()
} else {
  const ours = ["..", "../.."].map((up) => join(here, up, "node_modules", "node", "bin", "node")).find((path) =>
    existsSync(path)
  )
  if (ours === undefined) {
    console.error(
      `pipeline needs Node 24 or newer; this is ${process.version}\n  run \`npm ci\` in the project, which installs one beside it`
    )
    process.exit(2)
  }
  const child = spawnSync(ours, process.argv.slice(1), { stdio: "inherit" })
  process.exit(child.status ?? (child.signal === "SIGINT" ? 130 : 143))
}
