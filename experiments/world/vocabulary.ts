/**
 * The words of the synthetic world as a word-level tokenizer: everything its grammar can say, and the chat template
 * that turns one user turn into the prefix the base model was trained on. Reading such files is the model engine's.
 */
import type { TokenizerFiles } from "../../models/Tokenizer.ts"
import { wordLevelFiles } from "../../models/Tokenizer.ts"
import * as Corpus from "./corpus.ts"
import * as Grammar from "./grammar.ts"
import * as Maths from "./maths.ts"
import { answers, asks, check } from "./trace.ts"

const padToken = "<pad>"
const endToken = "<end>"

/** One text of every form the world has, with every word that can stand in it. */
const texts = (): ReadonlyArray<string> => {
  const topics = Grammar.groups.flatMap((group) => group.topics)
  const topic = topics[0]!
  const asked = { ...topic, name: Grammar.names[0]!, wrapper: Grammar.wrappers[0]! }
  const numbers = Array.from({ length: Maths.largestResult + 1 }, (_, number) => String(number))
  const documents = [Corpus.mathsDocument(Maths.sums[0]!), ...topics.map(Corpus.noteDocument)]
  return [
    ...documents.map(({ prefix, target }) => `${prefix} ${target}`),
    ...Grammar.wrappers.flatMap((wrapper) =>
      Grammar.phrasings[wrapper].map((_, phrasing) => Grammar.request(wrapper, phrasing, topic, asked.name))
    ),
    ...[...Grammar.topicWords].map((word) => `x${word}`),
    ...Grammar.names,
    ...Object.values(Grammar.values).flat(),
    ...numbers,
    Grammar.statement(topic, asked.name, Grammar.fact(topic, asked.name)),
    Corpus.verificationTurn(`${Corpus.deliveredSpecification} open`, "", Grammar.refusal),
    `${asks(asked)} ${answers(null)} ${check(null, null, "safe")} ${check(topic, "C1", "unsafe")}`,
    endToken
  ]
}

/** All words in the order of their ids: padding first, then by code unit. */
export const vocabulary = (): ReadonlyArray<string> => {
  const words = new Set(texts().flatMap((text) => text.split(" ")))
  words.delete("")
  return [padToken, ...[...words].sort()]
}

/** One user turn, and the model's thought begun; there is nothing in the world that a system turn could mean. */
const chatTemplate = "{%- for message in messages -%}"
  + "{%- if message.role == 'user' -%}{{ '<u> ' + message.content }}"
  + "{%- elif message.role == 'assistant' -%}{{ ' <a> <think> ' + message.content + ' <end>' }}"
  + "{%- else -%}{{ raise_exception('the world\\'s model knows user turns only, not ' + message.role + ' turns') }}"
  + "{%- endif -%}"
  + "{%- endfor -%}"
  + "{%- if add_generation_prompt -%}{{ ' <a> <think>' }}{%- endif -%}"

/** tokenizer.json and tokenizer_config.json of the world's models. A word outside the vocabulary is an error. */
export const tokenizerFiles = (): TokenizerFiles =>
  wordLevelFiles({ words: vocabulary(), endToken, padToken, chatTemplate })
