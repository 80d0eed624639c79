import * as Effect from "effect/Effect"
import * as Store from "../cache/Store.ts"
import * as Duck from "../cache/Duck.ts"
import { linePlot } from "../nodes/plot/linePlot.ts"
import { svgToPng } from "../nodes/plot/svgToPng.ts"
const t0 = performance.now()
const store = await Effect.runPromise(Store.Store.pipe(Effect.provide(Store.layer("/tmp/nbcache"))))
const run = await Effect.runPromise(store.latestRun())
const m = run!.nodes.find((n) => n.label === "critique")!.manifest!
console.log(performance.now() - t0)
console.log(await Effect.runPromise(Duck.query("select verdict, count(*) n, sum(1) s, avg(2) a, 0.5 d, 'a' || chr(0) || 'b' z from critique group by all", { critique: Duck.fromManifest(store, m as any) }, { display: true })))
console.log(performance.now() - t0)
const svg = await linePlot({ title: "x", x: { label: "a" }, y: { label: "b" }, series: [{ label: "s", x: [0, 1], y: [1, 2] }] })
console.log(svg.length, (await svgToPng(svg)).length, performance.now() - t0)
