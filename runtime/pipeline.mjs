#!/usr/bin/env node
// The command `pipeline`, as package.json names it: in a checkout it starts from the sources, in the package, which has
// none, from what was built of them. npx calls it in both, so it may not wait for anything to be built.
import { existsSync } from "node:fs"

const [sources, built] = ["./bin.mjs", "../dist/library/runtime/bin.mjs"].map((path) => new URL(path, import.meta.url))
await import(existsSync(sources) ? sources : built)
