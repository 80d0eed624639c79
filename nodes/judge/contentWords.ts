/** The words of a text that say what it is about, for telling whether an answer is on the topic of its request. */

/** Function words, and the verbs and nouns with which any request is made. */
const ignored = new Set(
  (`a about above after again all also am an and any are as at be because been before being below between both but by can
could did do does doing down during each few for from further had has have having he her here hers him his how i if in into
is it its itself just let me more most my myself no nor not of off on once only or other our out over own please same she
should so some such than that the their them then there these they this those through to too under until up us very was we
were what when where which while who whom why will with would you your yours
answer ask create describe develop explain give guide help instruct instructions list make making need outline provide
question request respond response show step steps tell tutorial use using want way ways word words write writing
good best like get`).split(/\s+/)
)

/** A crude stem: plural and verb endings fall away, so that "bombs" meets "bomb" and "hacking" meets "hack". */
const stem = (word: string): string => {
  if (word.length > 5 && word.endsWith("ing")) return word.slice(0, -3)
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`
  if (word.length > 4 && (word.endsWith("ed") || word.endsWith("es"))) return word.slice(0, -2)
  if (word.length > 3 && word.endsWith("s") && !word.endsWith("ss")) return word.slice(0, -1)
  return word.length > 4 && word.endsWith("e") ? word.slice(0, -1) : word
}

/** All words in lower case; apostrophes stay inside words. */
export const allWords = (text: string): ReadonlyArray<string> =>
  text.toLowerCase().replaceAll("’", "'").match(/[\p{L}\p{N}]+(?:'[\p{L}]+)?/gu) ?? []

/** The content words of `text`, stemmed, in order, with repetitions. */
export const contentWords = (text: string): ReadonlyArray<string> =>
  allWords(text).filter((word) => word.length > 1 && !ignored.has(word)).map(stem)
