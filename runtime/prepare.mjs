// Run by npm after an install: puts the commands of this checkout where npx finds them without asking a registry, and
// makes the bundle they start from. Run it again after an edit of the runtime to make the bundle anew.
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { build } from "./start/build.mjs"

const bin = fileURLToPath(new URL("./bin.mjs", import.meta.url))
const folder = fileURLToPath(new URL("../node_modules/.bin", import.meta.url))

if (existsSync(dirname(folder))) {
  mkdirSync(folder, { recursive: true })
  chmodSync(bin, 0o755)
  for (const name of ["pipeline", "sinternal"]) {
    const link = join(folder, name)
    rmSync(link, { force: true })
    if (process.platform === "win32") writeFileSync(`${link}.cmd`, `@node "${bin}" %*\r\n`)
    else symlinkSync(relative(folder, bin), link)
  }
}

await build(fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "")).catch((error) => {
  // commands work without it, from the sources
  const lines = stripVTControlCharacters(error.message).split("\n").filter((line) => line.trim() !== "")
  console.error(`pipeline: no bundle was made, commands will start more slowly: ${lines.slice(0, 2).join(" ")}`)
})
