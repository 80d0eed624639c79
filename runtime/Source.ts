/**
 * Leaves of the graph: files and folders from outside, pinned by the bytes they hold when the plan is made. They are
 * copied when something needs them, and must hold the same then: a file edited while a run starts changes no key of
 * that run. A large file is lent where it lies to the body of one node, and must be the same afterwards. Models and
 * packages with a pin of their own are sources too (`nodes/inputs`), made with `pinned`.
 */
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join, relative, resolve, sep } from "node:path"
import { digest } from "../cache/Digest.ts"
import { copyFile, digestFile } from "../cache/fileDigest.ts"
import type { SourceDefinition } from "./Definition.ts"
import { SourceFailed } from "./Error.ts"
import { type FileSighting, isUntouched, sight } from "./FileSighting.ts"
import { ProjectRoot } from "./Place.ts"
import type { Ref } from "./Ref.ts"
import * as Type from "./Type.ts"

const failed = (source: string, reason: string, next: string) => new SourceFailed({ source, reason, next })

/** A source whose content is named by `identify` and put into a folder by `acquire`. */
export const pinned = <const Kind extends string>(
  spec:
    & { readonly label: string; readonly kind: Kind }
    & Pick<SourceDefinition, "address" | "identify" | "acquire" | "verify" | "lend">
): Ref<Type.Folder<Kind>> => {
  const definition: SourceDefinition = {
    kind: "source",
    name: spec.label,
    output: Type.artifact(spec.kind),
    address: spec.address,
    identify: spec.identify,
    acquire: spec.acquire,
    ...(spec.verify === undefined ? {} : { verify: spec.verify }),
    ...(spec.lend === undefined ? {} : { lend: spec.lend })
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

/** Files from this size on are not copied. Unit: bytes. */
const lentFromBytes = 32 << 20

/** A folder with a link to one file, as long as the scope; `undefined` where the system lets nobody make links. */
const linkFolder = (file: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "sinternal-source-"))
      try {
        symlinkSync(file, join(folder, basename(file)))
        return folder
      } catch {
        rmSync(folder, { recursive: true })
        return undefined
      }
    }),
    (folder) => Effect.sync(() => folder === undefined ? undefined : rmSync(folder, { recursive: true, force: true }))
  )

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
  /** What was seen when `content` was identified, if it need not be copied. */
  readonly sightingOf?: (content: string) => FileSighting | undefined
}

const local = <const Kind extends string>(
  { contentOf, copy, digestOf, kind, label, path, sightingOf, wants }: Local<Kind>
) => {
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
        : failed(path, "it changed while the run was starting", "run the same command again"),
    lend: Effect.fnUntraced(function*(content) {
      const seen = sightingOf?.(content)
      if (seen === undefined) return undefined
      const absolute = yield* place
      const folder = yield* linkFolder(absolute)
      if (folder === undefined) return undefined
      const changed = failed(path, "it changed while a node was reading it", "run the same command again")
      const untouched = Effect.tryPromise({ try: () => isUntouched(absolute, seen), catch: unreadable }).pipe(
        Effect.flatMap((is) => is ? Effect.void : Effect.fail(changed))
      )
      return { path: folder, untouched }
    })
  })
}

/** One file, for example a specification. The node receives a folder that holds just it. */
export const file = (path: string, label: string = basename(path)): Ref<Type.Folder<"file">> => {
  let last: FileSighting | undefined
  return local({
    path,
    kind: "file",
    label,
    wants: "file",
    digestOf: async (absolute) => (last = await sight(absolute)).digest,
    copy: async (absolute, into) => [[basename(absolute), await copyInto(absolute, into, basename(absolute))]],
    contentOf: ([first]) => first?.[1],
    sightingOf: (content) => last?.digest === content && last.size >= lentFromBytes ? last : undefined
  })
}

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
