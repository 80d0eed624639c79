/**
 * Leaves of the graph: files and folders from outside, pinned by the bytes they hold when the plan is made. Bytes are
 * read once more when something needs them, and must be the same: a file edited while a run starts changes no key of
 * that run. Models and packages with a pin of their own are sources too (`nodes/inputs`), made with `pinned`.
 */
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs"
import { basename, dirname, join, relative, resolve, sep } from "node:path"
import { digest } from "../cache/Digest.ts"
import { copyFile, digestFile } from "../cache/fileDigest.ts"
import type { SourceDefinition } from "./Definition.ts"
import { SourceFailed } from "./Error.ts"
import { ProjectRoot } from "./Place.ts"
import type { Ref } from "./Ref.ts"
import * as Type from "./Type.ts"

const failed = (source: string, reason: string, next: string) => new SourceFailed({ source, reason, next })

/** A source whose content is named by `identify` and put into a folder by `acquire`. */
export const pinned = <const Kind extends string>(
  spec:
    & { readonly label: string; readonly kind: Kind }
    & Pick<SourceDefinition, "address" | "identify" | "acquire" | "verify">
): Ref<Type.Folder<Kind>> => {
  const definition: SourceDefinition = {
    kind: "source",
    name: spec.label,
    output: Type.artifact(spec.kind),
    address: spec.address,
    identify: spec.identify,
    acquire: spec.acquire,
    ...(spec.verify === undefined ? {} : { verify: spec.verify })
  }
  return { label: spec.label, definition, inputs: {}, params: {} }
}

type Files = ReadonlyArray<readonly [path: string, digest: string]>

const folderContent = (files: Files): string => digest("folder", files)

/** Does something with each file below a folder, under its path there. */
const eachFile = async (folder: string, digestOf: (file: string, path: string) => Promise<string>): Promise<Files> => {
  const files: Array<readonly [string, string]> = []
  const visit = async (inner: string): Promise<void> => {
    for (const entry of readdirSync(inner, { withFileTypes: true })) {
      const place = join(inner, entry.name)
      const path = relative(folder, place).split(sep).join("/")
      if (entry.isDirectory()) await visit(place)
      else files.push([path, await digestOf(place, path)])
    }
  }
  await visit(folder)
  return files.sort(([a], [b]) => a < b ? -1 : 1)
}

/** Copies a file into a folder. What an attempt that was killed has left there may be a blob by now: it is not written over. */
const copyInto = async (file: string, into: string, path: string): Promise<string> => {
  const target = join(into, path)
  if (path.includes("/")) mkdirSync(dirname(target), { recursive: true })
  try {
    return await copyFile(file, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    rmSync(target)
    return copyFile(file, target)
  }
}

interface Local<Kind extends string> {
  readonly path: string
  readonly kind: Kind
  readonly label: string
  readonly wants: "file" | "folder"
  readonly digestOf: (absolute: string) => Promise<string>
  /** Copies what is there; the digests are of the bytes that were written. */
  readonly copy: (absolute: string, into: string) => Promise<Files>
  /** The digest of what was copied, from the digests of its files. */
  readonly contentOf: (files: Files) => string | undefined
}

const local = <const Kind extends string>({ contentOf, copy, digestOf, kind, label, path, wants }: Local<Kind>) => {
  const unreadable = (error: unknown) =>
    error instanceof SourceFailed ? error : failed(path, String((error as Error).message), "check that it can be read")
  const place = Effect.map(ProjectRoot, (root) => resolve(root, path))
  const check = async (absolute: string): Promise<string> => {
    if (!existsSync(absolute)) {
      throw failed(path, "it does not exist", `looked for ${absolute}; check the path in the experiment`)
    }
    if (statSync(absolute).isDirectory() !== (wants === "folder")) {
      throw failed(path, `it is not a ${wants}`, "check the path in the experiment")
    }
    return digestOf(absolute)
  }
  return pinned({
    label,
    kind,
    address: `${kind} ${path}`,
    identify: Effect.flatMap(place, (absolute) => Effect.tryPromise({ try: () => check(absolute), catch: unreadable })),
    acquire: (into) =>
      Effect.flatMap(
        place,
        (absolute) => Effect.tryPromise({ try: async () => new Map(await copy(absolute, into)), catch: unreadable })
      ),
    // bytes are hashed once more as they are copied, and a file that was edited since it was identified shows there
    verify: (files, content) =>
      contentOf(files) === content
        ? undefined
        : failed(path, "it changed while the run was starting", "run the same command again")
  })
}

/** One file, for example a specification. The node receives a folder that holds just it. */
export const file = (path: string, label: string = basename(path)): Ref<Type.Folder<"file">> =>
  local({
    path,
    kind: "file",
    label,
    wants: "file",
    digestOf: digestFile,
    copy: async (absolute, into) => [[basename(absolute), await copyInto(absolute, into, basename(absolute))]],
    contentOf: ([first]) => first?.[1]
  })

/** A folder of files, for example a checkpoint in the layout of a model hub. */
export const folder = <const Kind extends string>(
  path: string,
  kind: Kind,
  label: string = basename(path)
): Ref<Type.Folder<Kind>> =>
  local({
    path,
    kind,
    label,
    wants: "folder",
    digestOf: async (absolute) => folderContent(await eachFile(absolute, digestFile)),
    copy: (absolute, into) => eachFile(absolute, (file, path) => copyInto(file, into, path)),
    contentOf: folderContent
  })
