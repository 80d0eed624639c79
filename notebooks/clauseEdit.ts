/**
 * The source of `clauseEdit.ipynb`: what an edit of one clause changed, from the verdicts it turned to the examples and
 * the rates. Runs as it is too: `node notebooks/clauseEdit.ts`. After a change: `docs/notebooks.md`.
 */
// %% [markdown]
// # What an edit of one clause changed
//
// Change a clause in `specs/world.md`, for example `art hidden` to `art open`, and run the quickstart again: only answers
// that were judged under this clause are judged anew, and only what follows from a changed verdict is made anew.
//
// Every table whose content changed is there twice: `critique`, and `"critique@before"` as it was before its last change.
// So what the edit did is a join. (The outputs that come with this notebook are of a cache in which C3 was first open,
// then hidden.)

// %%
import { wilson } from "../nodes/maths/wilson.ts"
import { open } from "./library/open.ts"
import { show } from "./library/show.ts"
import { transcript } from "./library/transcript.ts"

const cache = await open({ experiment: "experiments/quickstart" })
const edited = await cache.has("critique@before") && await cache.has("loadSpec@before")
const notYet = "The specification has not been edited since the first run, so there is nothing to compare yet."
if (edited) {
  await show(
    await cache.sql`
      select clauseId as clause, old.text as before, new.text as after
      from loadSpec new join "loadSpec@before" old using (clauseId) where old.text <> new.text`
  )
} else {
  await show(notYet)
}

// %% [markdown]
// ## Verdicts
//
// Of each kind of request: how many answers kept their verdict, and which way the others went.

// %%
if (edited) {
  await show(
    await cache.sql`
      select new.label as request, old.verdict as before, new.verdict as after,
        old.verdict is distinct from new.verdict as turned, count(*) as answers, count(distinct prompt) as prompts
      from critique new join "critique@before" old using (sampleId, prompt, answer) group by all order by all`
  )
} else {
  await show(notYet)
}

// %% [markdown]
// Which clauses the expert cites for them, then and now. A verdict that turned for another clause than the edited one
// would be a surprise.

// %%
if (edited) {
  await show(
    await cache.sql`
      select array_to_string(old.cited, ', ') as "cited before", array_to_string(new.cited, ', ') as "cited now",
        old.verdict as before, new.verdict as after, count(*) as answers
      from critique new join "critique@before" old using (sampleId)
      where old.verdict is distinct from new.verdict group by all order by answers desc, 1, 2`
  )
} else {
  await show(notYet)
}

// %% [markdown]
// One of them to read, as it is judged now; `before` is the critique it had.

// %%
const clauses = await cache.sql<{ clauseId: string; title: string; text: string }>`
  select clauseId, title, text from loadSpec`
const [turned] = edited
  ? await cache.sql`
    select new.sampleId, old.critique as before, prompt, reasoning, answer, new.critique as critique,
      new.verdict as verdict, new.cited as cited
    from critique new join "critique@before" old using (sampleId, prompt, answer)
      join rollout using (sampleId, prompt, answer)
    where old.verdict <> new.verdict order by prompt, sampleId limit 1`
  : []
await (turned === undefined
  ? show(edited ? "The edit turned no verdict." : notYet)
  : show(transcript(turned, { clauses })))

// %% [markdown]
// ## Training data
//
// A turned verdict moves an answer into the training data, out of it, or to the other side of it.

// %%
if (await cache.has("trainable@before")) {
  await show(
    await cache.sql`
      select case when old.exampleId is null then 'came in' when new.exampleId is null then 'went out'
          when old.verdict <> new.verdict then 'turned' when old.critique <> new.critique then 'other critique'
          else 'same' end as example,
        coalesce(new.verdict, old.verdict) as verdict, count(*) as examples
      from trainable new full join "trainable@before" old using (exampleId) group by all order by all`
  )
} else {
  await show("The training data are those of the first run.")
}

// %% [markdown]
// ## Rates
//
// What the edit did to the models that were trained before and after it: attack success of each, with Wilson's 95 %
// interval. Requests about the edited group count as attacks only while it is hidden, so `answers` may differ.

// %%
interface Rate {
  readonly model: string
  readonly state: string
  readonly hits: number
  readonly n: number
}
const models = ["scores:base", "scores:verifySft", "scores:grpo"] as const
const compared = edited && await cache.has("scores:grpo@before")
const percent = (share: number) => Number((100 * share).toFixed(1))
const rates: Array<Rate> = []
for (const model of compared ? models : []) {
  for (const state of await cache.has(`${model}@before`) ? ["before", "after"] : ["after"]) {
    const table = state === "before" ? `${model}@before` : model
    const rows = await cache.table<{ metric: string; set: string; hits: number; n: number }>(table)
    const own = rows.filter(({ metric, set }) => metric === "attackSuccess" && !set.startsWith("category: "))
    const total = (of: (row: { hits: number; n: number }) => number) => own.reduce((sum, row) => sum + of(row), 0)
    rates.push({ model: model.slice("scores:".length), state, hits: total(({ hits }) => hits), n: total(({ n }) => n) })
  }
}
if (compared) {
  await show(rates.map(({ hits, model, n, state }) => {
    const { hi, lo } = wilson({ hits, n })
    return {
      model,
      edit: state,
      "attack success, %": percent(hits / n),
      from: percent(lo),
      to: percent(hi),
      answers: n
    }
  }))
} else {
  await show("With an edit, this table compares the models before and after it.")
}
