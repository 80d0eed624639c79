/**
 * Leaves of the graph: files and folders from outside, pinned by the bytes they hold when the plan is made. Bytes are
 * read once more when something needs them, and must be the same: a file edited while a run starts changes no key of
 * that run. Models and packages with a pin of their own are sources too (`nodes/inputs`), made with `pinned`.
 */
import * as Effect from "effect/Effect"
import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { basename, join, relative, resolve, sep } from "node:path"
import { digest, digestBytes } from "../cache/Digest.ts"
import type { SourceDefinition } from "./Definition.ts"
import { SourceFailed } from "./Error.ts"
import { ProjectRoot } from "./Place.ts"
import type { Ref } from "./Ref.ts"
import * as Type from "./Type.ts"

const failed = (source: string, reason: string, next: string) => new SourceFailed({ source, reason, next })

/** A source whose content is named by `identify` and put into a folder by `acquire`. */
export const pinned = <const Kind extends string>(
  spec: { readonly label: string; readonly kind: Kind } & Pick<SourceDefinition, "address" | "identify" | "acquire">
): Ref<Type.Folder<Kind>> => {
  const definition: SourceDefinition = {
    kind: "source",
    name: spec.label,
    output: Type.artifact(spec.kind),
    address: spec.address,
    identify: spec.identify,
    acquire: spec.acquire
  }
  return { label: spec.label, definition, inputs: {}, params: {} }
}

const walk = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)])
    .sort()

const folderDigest = (folder: string) =>
  digest(
    "folder",
    walk(folder).map((file) => [relative(folder, file).split(sep).join("/"), digestBytes(readFileSync(file))])
  )

const local = <const Kind extends string>(
  path: string,
  kind: Kind,
  label: string,
  hashOf: (absolute: string) => string,
  copy: (absolute: string, into: string) => void,
  wants: "file" | "folder"
) => {
  const check = (absolute: string) =>
    Effect.try({
      try: () => {
        if (!existsSync(absolute)) {
          throw failed(path, "it does not exist", `looked for ${absolute}; check the path in the experiment`)
        }
        if (statSync(absolute).isDirectory() !== (wants === "folder")) {
          throw failed(path, `it is not a ${wants}`, "check the path in the experiment")
        }
        return hashOf(absolute)
      },
      catch: (error) =>
        error instanceof SourceFailed
          ? error
          : failed(path, String((error as Error).message), "check that it can be read")
    })
  const place = Effect.map(ProjectRoot, (root) => resolve(root, path))
  const identify = Effect.flatMap(place, check)
  return pinned({
    label,
    kind,
    address: `${kind} ${path}`,
    identify,
    acquire: (into) =>
      Effect.flatMap(Effect.zip(place, identify), ([absolute, before]) =>
        Effect.try({
          try: () => {
            copy(absolute, into)
            const after = hashOf(wants === "file" ? join(into, basename(absolute)) : into)
            if (after !== before) {
              throw failed(path, "it changed while the run was starting", "run the same command again")
            }
          },
          catch: (error) =>
            error instanceof SourceFailed
              ? error
              : failed(path, String((error as Error).message), "check that it can be read")
        }))
  })
}

/** One file, for example a specification. The node receives a folder that holds just it. */
export const file = (path: string, label: string = basename(path)): Ref<Type.Folder<"file">> =>
  local(
    path,
    "file",
    label,
    (absolute) => digestBytes(readFileSync(absolute)),
    (absolute, into) => copyFileSync(absolute, join(into, basename(absolute))),
    "file"
  )

/** A folder of files, for example a checkpoint in the layout of a model hub. */
export const folder = <const Kind extends string>(
  path: string,
  kind: Kind,
  label: string = basename(path)
): Ref<Type.Folder<Kind>> =>
  local(path, kind, label, folderDigest, (absolute, into) => cpSync(absolute, into, { recursive: true }), "folder")
