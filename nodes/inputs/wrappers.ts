/**
 * Jailbreak templates, each put around any request. The in-the-wild collection is for training, one template for each group
 * of near duplicates and none that resembles an evaluation template; `pliny` and `Arth_Singh` are for evaluation.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { allWords } from "../judge/contentWords.ts"
import { decodeYaml } from "./decodeFile.ts"
import { type Likeness, nearDuplicateGroups } from "./nearDuplicates.ts"
import type { Packages } from "./Packages.ts"
import type { PromptDraft } from "./promptDraft.ts"

export interface Wrapper {
  readonly name: string
  /** The folder it lies in, which is its attack family. */
  readonly family: string
  readonly template: string
}

export interface Wrappers {
  readonly train: ReadonlyArray<Wrapper>
  readonly evaluation: ReadonlyArray<Wrapper>
}

const folder = "pyrit/datasets/jailbreak/templates/"
const trainFamilies = ["in_the_wild"]
const evaluationFamilies = ["pliny", "Arth_Singh"]

const File = Schema.Struct({
  name: Schema.String,
  parameters: Schema.Array(Schema.String),
  value: Schema.String
})

/** Half of the six-word sequences of the shorter template. */
const likeness: Likeness = { words: allWords, length: 6, share: 0.5, of: "shorter" }

/** Raw blocks, quoted braces and the slot: all that the templates use of their language. */
const part = /\{%-?\s*raw\s*-?%\}([\s\S]*?)\{%-?\s*endraw\s*-?%\}|\{\{\s*(?:(prompt)|'([^']*)'|"([^"]*)")\s*\}\}/g

/** The template with `prompt` in its slots. */
export const wrap = (template: string, prompt: string): string =>
  template.replace(
    part,
    (_, raw?: string, slot?: string, single?: string, double?: string) =>
      slot === undefined ? raw ?? single ?? double! : prompt
  )

const familyOf = (path: string): string => path.slice(folder.length).split("/")[0]!

const readFamilies = Effect.fnUntraced(function*({ pyrit }: Packages, families: ReadonlyArray<string>) {
  const opened = yield* pyrit
  const paths = opened.paths.filter((path) =>
    path.startsWith(folder) && path.endsWith(".yaml") && families.includes(familyOf(path))
  )
  const texts = yield* opened.texts(paths)
  return yield* Effect.forEach(
    paths,
    (path) =>
      Effect.map(decodeYaml(path, File, texts.get(path)!), ({ name, parameters, value }) => ({
        name,
        parameters,
        family: familyOf(path),
        template: value
      }))
  )
})

/** Those of `train` that resemble no evaluation template and no earlier one of their own. */
export const withoutLookalikes = (
  train: ReadonlyArray<Wrapper>,
  evaluation: ReadonlyArray<Wrapper>
): ReadonlyArray<Wrapper> => {
  const groups = nearDuplicateGroups([...evaluation, ...train].map(({ template }) => template), likeness)
  return train.filter((_, i) => groups[evaluation.length + i] === evaluation.length + i)
}

/**
 * The templates of at most `maxCharacters` characters that take a request and nothing else.
 *
 * **Fails**: `PackageUnavailable`; `PromptsInvalid` for a file of another form.
 */
export const readWrappers = Effect.fn("readWrappers")(function*(packages: Packages, maxCharacters: number) {
  const all = yield* readFamilies(packages, [...trainFamilies, ...evaluationFamilies])
  const usable = all.filter(({ parameters }) => parameters.length === 1 && parameters[0] === "prompt")
  const evaluation = usable.filter(({ family }) => evaluationFamilies.includes(family))
  const train = withoutLookalikes(usable.filter(({ family }) => trainFamilies.includes(family)), evaluation)
  const short = ({ template }: Wrapper) => template.length <= maxCharacters
  return { train: train.filter(short), evaluation: evaluation.filter(short) } satisfies Wrappers
})

/** Every goal in every wrapper, (wrappers × goals); label, topic and reference are the goal's. */
export const wrapAll = (
  wrappers: ReadonlyArray<Wrapper>,
  goals: ReadonlyArray<PromptDraft>
): ReadonlyArray<PromptDraft> =>
  wrappers.flatMap(({ family, name, template }) =>
    goals.map((goal) => ({
      ...goal,
      prompt: wrap(template, goal.prompt),
      source: `${goal.source} in ${name}`,
      family
    }))
  )
