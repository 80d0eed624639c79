/**
 * A headless Chromium driven over the DevTools protocol on a pipe: opens pages, evaluates in them, takes pictures, and
 * notes what went wrong in them and what they asked the network for. What a page must look like is the test's business.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import type { Readable, Writable } from "node:stream"
import { setTimeout as pause } from "node:timers/promises"

/** Under these names Chromium is installed; `CHROMIUM` goes before them. */
const programNames = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** **Fails**: throws where there is no Chromium, with what to install. */
const chromium = (): string => {
  const named = process.env["CHROMIUM"]
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "")
  const candidates = named === undefined
    ? folders.flatMap((folder) => programNames.map((name) => join(folder, name)))
    : [named]
  const found = candidates.find(isProgram)
  if (found !== undefined) return found
  throw new Error(
    named === undefined
      ? `no Chromium: none of ${
        programNames.join(", ")
      } is on the PATH; install one (Debian: apt-get install chromium), `
        + "or name the program in CHROMIUM"
      : `CHROMIUM names ${named}, which is no program`
  )
}

type Params = { readonly [name: string]: unknown }

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Params
  readonly result?: Params
  readonly error?: { readonly message: string }
  readonly sessionId?: string
}

interface Answer {
  readonly resolve: (result: Params) => void
  readonly reject: (error: Error) => void
}

/** Commands to the browser and events from it. Messages are JSON, each ended by a NUL. */
class Connection {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Answer>()
  readonly #listeners = new Set<(message: Message) => void>()
  #last = 0
  #begun: ReadonlyArray<Buffer> = []
  #said = ""

  constructor(child: ChildProcess) {
    this.#child = child
    const [, , , , from] = child.stdio as unknown as ReadonlyArray<Readable>
    from!.on("data", (bytes: Buffer) => this.#read(bytes))
    child.stderr!.setEncoding("utf8").on("data", (text: string) => void (this.#said = (this.#said + text).slice(-4000)))
    child.on("error", (error) => this.#end(error.message))
    child.on("close", (code, signal) => this.#end(`it ended with ${code ?? signal}`))
    // writing to one that has ended; the end itself is told above
    const to = child.stdio[3] as Writable
    to.on("error", () => undefined)
  }

  #end(how: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(`Chromium: ${how}\n${this.#said}`))
    this.#waiting.clear()
  }

  #read(bytes: Buffer): void {
    let from = 0
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, from)) {
      const text = Buffer.concat([...this.#begun, bytes.subarray(from, end)]).toString("utf8")
      this.#begun = []
      from = end + 1
      this.#take(JSON.parse(text) as Message)
    }
    this.#begun = [...this.#begun, bytes.subarray(from)]
  }

  #take(message: Message): void {
    if (message.id === undefined) return this.#listeners.forEach((listener) => listener(message))
    const answer = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.error === undefined) answer?.resolve(message.result ?? {})
    else answer?.reject(new Error(`Chromium: ${message.error.message}`))
  }

  /** Calls back at every event of a session. */
  listen(sessionId: string, listener: (method: string, params: Params) => void): void {
    this.#listeners.add(({ method, params = {}, sessionId: from }) => {
      if (from === sessionId && method !== undefined) listener(method, params)
    })
  }

  send(method: string, params: Params = {}, sessionId?: string): Promise<Params> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      const message = JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })
      const to = this.#child.stdio[3] as Writable
      to.write(`${message}\0`)
    })
  }
}

/** A page that is open. */
export interface Page {
  /** What an expression gives, as JSON; a promise is awaited. Rejects with what it throws. */
  readonly evaluate: <A>(expression: string) => Promise<A>
  /** The window's width. Unit: CSS pixels. */
  readonly resize: (width: number) => Promise<void>
  /** A real click, in the middle of the first element that a selector finds. */
  readonly click: (selector: string) => Promise<void>
  /** The whole page as PNG. */
  readonly screenshot: () => Promise<Buffer>
  /** Errors on the console, exceptions nobody caught, and dialogs that opened, so far. */
  readonly errors: ReadonlyArray<string>
  /** What was asked for beside the page's own file, by address, so far. It is answered with nothing, and goes nowhere. */
  readonly requests: ReadonlyArray<string>
}

export interface Browser {
  /** Opens a file in a window of this width, loaded with all its scripts. */
  readonly open: (file: URL, width: number) => Promise<Page>
  readonly close: () => Promise<void>
}

/** A value of the page's, as the protocol has it. */
interface Said {
  readonly value?: unknown
  readonly description?: string
}

interface Thrown {
  readonly text: string
  readonly exception?: Said
}

/** An exception without its stack. */
const thrownText = ({ exception, text }: Thrown): string =>
  (exception?.description ?? JSON.stringify(exception?.value) ?? text).split("\n    at ")[0]!

const saidText = (args: ReadonlyArray<Said>): string =>
  args.map(({ description, value }) => description ?? String(value)).join(" ")

/** Unit: CSS pixels. */
const windowHeight = 900

/** Notes errors and requests of a session; only `own` is really fetched. */
const watch = (connection: Connection, sessionId: string, own: string) => {
  const errors: Array<string> = []
  const requests: Array<string> = []
  let loaded = () => {}
  const load = new Promise<void>((resolve) => void (loaded = resolve))
  const send = (method: string, params: Params): void =>
    void connection.send(method, params, sessionId).catch(() => undefined) // the page may have gone
  connection.listen(sessionId, (method, params) => {
    switch (method) {
      case "Page.loadEventFired":
        return loaded()
      case "Page.javascriptDialogOpening":
        errors.push(`dialog: ${String(params["message"])}`)
        return send("Page.handleJavaScriptDialog", { accept: false })
      case "Runtime.exceptionThrown":
        return void errors.push(thrownText(params["exceptionDetails"] as Thrown))
      case "Runtime.consoleAPICalled":
        return void (params["type"] === "error" ? errors.push(saidText(params["args"] as ReadonlyArray<Said>)) : 0)
      case "Log.entryAdded": {
        const { level, text } = params["entry"] as { readonly level: string; readonly text: string }
        return void (level === "error" ? errors.push(text) : 0)
      }
      case "Fetch.requestPaused": {
        const { url } = params["request"] as { readonly url: string }
        const { requestId } = params
        if (url === own || url.startsWith("data:")) return send("Fetch.continueRequest", { requestId })
        requests.push(url)
        return send("Fetch.fulfillRequest", { requestId, responseCode: 200 })
      }
    }
  })
  return { errors, requests, load }
}

const openPage = async (connection: Connection, file: URL, width: number): Promise<Page> => {
  const { targetId } = await connection.send("Target.createTarget", { url: "about:blank" })
  const { sessionId } = await connection.send("Target.attachToTarget", { targetId, flatten: true })
  const send = (method: string, params?: Params) => connection.send(method, params, sessionId as string)
  const evaluate = async <A>(expression: string): Promise<A> => {
    const asked = { expression, awaitPromise: true, returnByValue: true }
    const { exceptionDetails, result } = await send("Runtime.evaluate", asked)
    if (exceptionDetails !== undefined) throw new Error(thrownText(exceptionDetails as Thrown))
    return (result as { readonly value: A }).value
  }
  const resize = async (wanted: number): Promise<void> => {
    const window = { width: wanted, height: windowHeight, deviceScaleFactor: 1, mobile: false }
    await send("Emulation.setDeviceMetricsOverride", window)
    await evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")
  }
  const { errors, load, requests } = watch(connection, sessionId as string, file.href)
  for (const domain of ["Page", "Runtime", "Log", "Fetch"]) await send(`${domain}.enable`)
  await send("Emulation.setDeviceMetricsOverride", {
    width,
    height: windowHeight,
    deviceScaleFactor: 1,
    mobile: false
  })
  const { errorText } = await send("Page.navigate", { url: file.href })
  if (errorText !== undefined) throw new Error(`${file.href}: ${String(errorText)}`)
  await load
  return {
    evaluate,
    resize,
    errors,
    requests,
    click: async (selector) => {
      const at = await evaluate<{ readonly x: number; readonly y: number }>(`(() => {
        const element = document.querySelector(${JSON.stringify(selector)})
        element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" })
        const { height, left, top, width } = element.getBoundingClientRect()
        return { x: left + width / 2, y: top + height / 2 }
      })()`)
      for (const type of ["mousePressed", "mouseReleased"]) {
        await send("Input.dispatchMouseEvent", { type, ...at, button: "left", clickCount: 1 })
      }
    },
    screenshot: async () => {
      const { data } = await send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true })
      return Buffer.from(data as string, "base64")
    }
  }
}

/** Starts Chromium with a profile of its own. **Fails**: rejects where there is none, or where it does not start. */
export const openBrowser = async (): Promise<Browser> => {
  const program = chromium()
  const profile = mkdtempSync(join(tmpdir(), "sinternal-browser-"))
  const child = spawn(
    program,
    [
      "--headless=new",
      "--remote-debugging-pipe",
      `--user-data-dir=${profile}`,
      "--no-sandbox", // in containers there is none; the pages are our own
      "--no-first-run",
      "--disable-gpu",
      "--hide-scrollbars",
      "--disable-dev-shm-usage",
      "--disable-background-networking"
    ],
    { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"] }
  )
  const closed = new Promise<void>((done) => void child.on("close", () => done()))
  const connection = new Connection(child)
  const close = async (): Promise<void> => {
    await Promise.race([connection.send("Browser.close"), closed]).catch(() => undefined)
    await closed
    // its helpers may still be writing when it has ended
    for (let attempt = 0; attempt < 20; attempt++) {
      try {
        return rmSync(profile, { recursive: true, force: true })
      } catch {
        await pause(50)
      }
    }
  }
  try {
    await connection.send("Browser.getVersion")
  } catch (error) {
    await closed
    rmSync(profile, { recursive: true, force: true })
    throw error
  }
  return { open: (file, width) => openPage(connection, file, width), close }
}
