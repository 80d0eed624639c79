/** Checks what a file of a package holds against a schema, with a message that names the place in the file. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Yaml from "effect/encoding/Yaml"
import { PromptsInvalid } from "../service/PromptSource.ts"
import type { InputRecord } from "./readCsv.ts"

const decodeWith = <A>(source: string, schema: Schema.Codec<A, any>, parse: () => unknown) =>
  Effect.try({ try: parse, catch: (error) => (error as Error).message }).pipe(
    Effect.flatMap((value) => Effect.mapError(Schema.decodeUnknownEffect(schema)(value), (error) => error.message)),
    Effect.mapError((reason) =>
      new PromptsInvalid({ source, reason, next: "the file is not of the form this set is read in: check its version" })
    )
  )

/** **Fails**: `PromptsInvalid` for text that is not JSON, or not of the schema. */
export const decodeJson = <A>(source: string, schema: Schema.Codec<A, any>, text: string) =>
  decodeWith(source, schema, () => JSON.parse(text))

/** **Fails**: `PromptsInvalid` for text that is not YAML, or not of the schema. */
export const decodeYaml = <A>(source: string, schema: Schema.Codec<A, any>, text: string) =>
  decodeWith(source, schema, () => Yaml.parse(text))

/** One record of a CSV or JSONL file. **Fails**: `PromptsInvalid`, naming the line. */
export const decodeRecord = <A>(source: string, schema: Schema.Codec<A, any>, { cells, line }: InputRecord) =>
  decodeWith(`${source} line ${line}`, schema, () => cells)
