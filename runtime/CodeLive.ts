/**
 * The code service over the project's own sources, from the experiment file down. The engine's folders and effect count
 * as one fixed name, for which `keyEpoch` stands: an engine edit reruns nothing by itself.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Code } from "./Code.ts"
import { type CodeDigest, open } from "./code/CodeDigests.ts"
import type { NodeDefinition } from "./Definition.ts"
import { isEngineFile } from "./engineFile.ts"
import { PlanRefused } from "./Error.ts"
import { connectorOf } from "./Node.ts"

/** Packages that count as one fixed name: effect, and the engine where it is imported from its package. */
const ignorePackages = ["effect", "@effect/platform-node", "sinternal/runtime", "sinternal/cache"]

/** The engine's own files, as the one name they count as. */
const opaque = (file: string): string | undefined => isEngineFile(file) ? "engine" : undefined

export interface CodeLiveOptions {
  readonly root: string
  readonly entry: string
  readonly cacheFile: string
}

export const layer = (options: CodeLiveOptions): Layer.Layer<Code, PlanRefused> =>
  Layer.effect(
    Code,
    Effect.gen(function*() {
      const digests = yield* Effect.mapError(
        open({ ...options, opaque, ignorePackages }),
        (error) =>
          new PlanRefused({
            label: options.entry,
            reason: error.message,
            next: "mend it and run the same command again"
          })
      )
      yield* digests.save
      const definitions = new Map<NodeDefinition, CodeDigest>()
      const ofDefinition = (definition: NodeDefinition): CodeDigest => {
        const before = definitions.get(definition)
        if (before !== undefined) return before
        const { name, site } = definition
        const made = digests.ofNode({ site, name, value: connectorOf(definition) })
        definitions.set(definition, made)
        return made
      }
      const known = new Map<string, Effect.Effect<string, PlanRefused>>()
      const checked = (label: string, digest: CodeDigest): Effect.Effect<string, PlanRefused> =>
        digest.refused.length === 0
          ? Effect.succeed(digest.digest)
          : Effect.fail(
            new PlanRefused({
              label,
              reason: digest.refused.slice(0, 4).join("\n    "),
              next: "use a service or a parameter instead, so that it enters the key"
            })
          )
      const nodes = new Map<NodeDefinition, Effect.Effect<string, PlanRefused>>()
      return Code.of({
        ofNode: (definition) => {
          const before = nodes.get(definition)
          if (before !== undefined) return before
          const made = checked(definition.name, ofDefinition(definition))
          nodes.set(definition, made)
          return made
        },
        ofExport: ({ file, name }) => {
          const key = `${file}#${name}`
          const before = known.get(key)
          if (before !== undefined) return before
          const made = checked(key, digests.ofExport(file, name))
          known.set(key, made)
          return made
        },
        partsOf: (definition) => ofDefinition(definition).parts,
        edited: digests.edited
      })
    })
  )
