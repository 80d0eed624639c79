/**
 * What the code digest needs to know of one source file. A summary is pure in the file's text, so it is stored by the
 * hash of that text and survives every run that does not edit the file. `summarise.ts` makes it from a parsed file,
 * `Program.ts` links the summaries of a program.
 */
import type { Impurity } from "./form/impurity.ts"

/**
 * Names the shape of this file's types, the normal form and the parser that feeds it. Summaries of another format are
 * not read. The second half must be the locked version of oxc-parser: a test compares them.
 */
export const FORMAT = "code-summary 1, oxc-parser 0.154.0"

/**
 * What a name stands for, seen from one file: a binding of that file, a member of another module, a module as a whole
 * (`import * as` that escapes, `import()`), or a file named by `new URL("./f", import.meta.url)`.
 */
export type Reference =
  | readonly ["local", name: string]
  | readonly ["import", specifier: string, member: string]
  | readonly ["all", specifier: string]
  | readonly ["file", specifier: string]

/** Something a result must not depend on, where it stands, and whether a comment on its line allows it. */
export interface Finding {
  readonly kind: Impurity
  readonly line: number
  readonly what: string
  readonly allowed: boolean
}

/** One top-level declaration (each declarator of a list is one) or statement. Places are UTF-16 offsets. */
export interface Unit {
  /** Names it binds, in order; a reference names a unit and a position in this list. */
  readonly binds: ReadonlyArray<string>
  readonly start: number
  readonly end: number
  readonly line: number
  /** Hash of the normal form: blind to names of bindings, places, types and formatting. */
  readonly hash: string
  /** What its names refer to, in order of first use; the normal form says where each is used. */
  readonly references: ReadonlyArray<Reference>
  /** References that a definition only declares as its ports: plain tables behind them do not count. */
  readonly ports: ReadonlyArray<number>
  /** Names of functions and classes in it; they count only where something reachable reads `.name`. */
  readonly names: ReadonlyArray<string>
  readonly readsName: boolean
  /** It is no declaration: it runs for its effect when the module loads. */
  readonly statement: boolean
  /** Its value is data or a schema without functions of its own. */
  readonly plain: boolean
  /** References it may write to, at any depth. */
  readonly writes: ReadonlyArray<number>
  /** References it calls while the module loads. */
  readonly loadCalls: ReadonlyArray<number>
  /** Outermost functions, `[start, end]`: what lies outside them runs when the module loads, and only then. */
  readonly functions: ReadonlyArray<readonly [start: number, end: number]>
  /** It changes a global while the module loads. */
  readonly ambient: boolean
  /** It calls `eval`, which sees every binding of the file. */
  readonly evaluates: boolean
  readonly findings: ReadonlyArray<Finding>
}

export interface Summary {
  /** Hash of the text (and the language it was read as). */
  readonly text: string
  readonly units: ReadonlyArray<Unit>
  readonly exports: ReadonlyArray<readonly [name: string, reference: Reference]>
  /** Specifiers of `export *`. */
  readonly stars: ReadonlyArray<string>
  /** Specifiers of every module that is evaluated before this one, in order. */
  readonly imports: ReadonlyArray<string>
}
