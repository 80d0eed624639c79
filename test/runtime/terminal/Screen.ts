/**
 * A terminal of a given size, as far as the reporter needs one: text, line feeds, scrolling, the cursor moved up,
 * lines and what is below cleared, wrapping switched off and on. Anything else it is sent is a problem, and so is a
 * line that wraps; problems are kept, not thrown, since a reporter survives a stream that throws.
 */
import { displayWidth } from "../../../runtime/terminal/text.ts"

// oxlint-disable-next-line no-control-regex -- escape sequences are what it reads
const token = /\x1b\[(?<parameters>[?0-9;]*)(?<command>[A-Za-z])|(?<control>[\r\n])|(?<text>[^\x1b\r\n]+)/y

export class Screen {
  readonly columns: number
  readonly rows: number
  /** Lines that have scrolled out at the top, then those on the screen. */
  readonly lines: Array<string> = [""]
  readonly problems: Array<string> = []
  cursorVisible = true
  frames = 0
  #row = 0 // in `lines`
  #wraps = true

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
  }

  /** What is on the screen and above it, without the empty line of the cursor. */
  get text(): ReadonlyArray<string> {
    return this.lines.at(-1) === "" ? this.lines.slice(0, -1) : this.lines
  }

  write(text: string): boolean {
    token.lastIndex = 0
    while (token.lastIndex < text.length) {
      const at = token.lastIndex
      const found = token.exec(text)?.groups
      if (found === undefined) return this.#problem(`cannot read ${JSON.stringify(text.slice(at, at + 20))}`)
      if (found["control"] !== undefined) this.#control(found["control"])
      else if (found["text"] !== undefined) this.#put(found["text"])
      else this.#command(found["parameters"]!, found["command"]!)
    }
    return true
  }

  #problem(text: string): true {
    this.problems.push(text)
    return true
  }

  #put(text: string): void {
    if (this.lines[this.#row] !== "") this.#problem(`drawn over ${JSON.stringify(this.lines[this.#row])}`)
    if (displayWidth(text) > this.columns && this.#wraps) this.#problem(`wrapped: ${text}`)
    this.lines[this.#row] = text
  }

  #control(control: string): void {
    if (control === "\r") return
    this.#row++
    if (this.#row === this.lines.length) this.lines.push("")
  }

  #command(parameters: string, command: string): void {
    switch (parameters + command) {
      case "?2026h":
        this.frames++
        return
      case "?2026l":
        return
      case "?7h":
      case "?7l":
        this.#wraps = command === "h"
        return
      case "?25h":
      case "?25l":
        this.cursorVisible = command === "h"
        return
      case "2K":
        this.lines[this.#row] = ""
        return
      case "J":
        this.lines.length = this.#row + 1
        this.lines[this.#row] = ""
        return
    }
    if (command !== "A") return void this.#problem(`unknown sequence ${parameters}${command}`)
    // the cursor cannot leave the screen: a frame higher than it would leave ghosts
    const top = Math.max(0, this.lines.length - this.rows)
    if (this.#row - Number(parameters) < top) return void this.#problem("moved above the screen")
    this.#row -= Number(parameters)
  }
}
