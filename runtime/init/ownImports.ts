/**
 * The imports of template files. They lie in a folder of the sources and import those by paths; in a project elsewhere
 * the same imports lead to the package by its name, or to the sources by other paths.
 */
import { posix } from "node:path"

/** Folders of the sources that a template file may import from. */
const imported = /(?<=["`])(?:\.\.\/)+(?:cache|runtime|models|nodes|pipelines|notebooks)\/[\w/]+\.ts(?=\\?["`])/g

/**
 * The text of a template file with every import that leaves the template replaced by what `specifierOf` gives for the
 * module, a path such as `runtime/Node`. `file` is the file's path in the template, with `/`.
 */
export const mapImports = (text: string, file: string, specifierOf: (module: string) => string): string =>
  text.replaceAll(imported, (path) => {
    const module = posix.join(posix.dirname(file), path)
    return module.startsWith("../") ? specifierOf(module.replace(/^\.\.\//, "").replace(/\.ts$/, "")) : path
  })
