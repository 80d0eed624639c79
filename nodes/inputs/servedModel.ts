/**
 * A model whose weights stay on a server: a checkpoint that is a reference, the name under which the server knows it and
 * the revision of its weights. Layers that talk to servers read the name; nobody downloads anything.
 */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { canonicalJson, digest } from "../../cache/Digest.ts"
import { pinned } from "../../runtime/Source.ts"
import type { Folder, Ref } from "../../runtime/Type.ts"

export const ModelReference = Schema.Struct({
  /** As in the `model` field of requests, for example `deepseek-ai/DeepSeek-R1-Distill-Qwen-14B`. */
  model: Schema.String,
  /** What tells these weights from others of the same name: a commit, a date, a digest. */
  revision: Schema.String
})
export type ModelReference = typeof ModelReference.Type

const fileName = "reference.json"

/** The model `reference` as a leaf of the graph. Its revision is believed: no server can prove what it serves. */
export const servedModel = (reference: ModelReference): Ref<Folder<"checkpoint">> =>
  pinned({
    label: `${reference.model}@${reference.revision}`,
    kind: "checkpoint",
    identify: Effect.succeed(digest("served-model", reference)),
    acquire: (into) => Effect.promise(() => writeFile(join(into, fileName), `${canonicalJson(reference)}\n`))
  })

/** The reference in a checkpoint folder; null for a folder that holds weights, or none that can be read. */
export const readModelReference = (checkpoint: Folder<"checkpoint">): Effect.Effect<ModelReference | null> =>
  Effect.tryPromise(() => readFile(join(checkpoint.path, fileName), "utf8")).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(Schema.fromJsonString(ModelReference))),
    Effect.orElseSucceed(() => null)
  )
