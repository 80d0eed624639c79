/**
 * The package as npm packs it, put into a folder outside the repository as npm installs it; the packages it depends on
 * are linked from here, so that no registry is asked.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { projectRoot } from "../support/pipeline.ts"

/** Packs this checkout. Yields the packed file's path in `folder`. */
export const pack = (folder: string): string => {
  const said = execFileSync("npm", ["pack", "--json", "--loglevel", "error", "--pack-destination", folder], {
    cwd: projectRoot,
    encoding: "utf8",
    env: { ...process.env, npm_config_offline: "true" },
    stdio: ["ignore", "pipe", "inherit"]
  })
  // scripts of the package may print before it
  const found = /"filename": "([^"]+)"/.exec(said)
  if (found === null) throw new Error(`npm pack said no file name: ${said}`)
  return join(folder, found[1]!)
}

/** Unpacks a packed file into the `node_modules` of `project`. Yields its folder. */
export const install = (packed: string, project: string): string => {
  const modules = join(project, "node_modules")
  const folder = join(modules, "sinternal")
  mkdirSync(folder, { recursive: true })
  execFileSync("tar", ["-xzf", packed, "--strip-components=1", "-C", folder])
  const linkAll = (scope: string) => {
    for (const name of readdirSync(join(projectRoot, "node_modules", scope))) {
      if (name.startsWith(".") || name === "sinternal") continue
      if (scope === "" && name.startsWith("@")) {
        mkdirSync(join(modules, name), { recursive: true })
        linkAll(name)
      } else symlinkSync(join(projectRoot, "node_modules", scope, name), join(modules, scope, name))
    }
  }
  linkAll("")
  return folder
}
