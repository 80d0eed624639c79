/**
 * Shows a hook every call of node:fs that changes something below a folder, before it is made and after. Loaded into the
 * process under test, before it; what happens at a call is the hook's business. Calls through descriptors count as calls
 * on the path that was opened.
 *
 * @typedef {object} Call
 * @property {string} name as in node:fs; the sync, the callback and the promise form of a call have the same
 * @property {string} path
 * @property {string | undefined} to the second path of a link or a rename
 * @property {number | undefined} fd
 * @property {(() => void) | undefined} half makes the call with half of its bytes, where it writes some
 *
 * @typedef {object} Hook
 * @property {(call: Call) => void} before what it throws is what the call fails with
 * @property {(call: Call) => void} after told when the call was made and did not fail
 */
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { resolve, sep } from "node:path"
import { fileURLToPath } from "node:url"

/** What node:fs does without a hook. */
export const real = { ...fs, promises: { ...fs.promises } }

const oneBy = ["writeFile", "appendFile", "mkdir", "rm", "unlink", "rmdir", "chmod", "truncate", "lutimes", "utimes"]
const twoBy = ["link", "rename", "symlink", "copyFile", "cp"]
const onDescriptor = ["write", "writev", "fsync", "fdatasync", "ftruncate", "fchmod"]

/** Flags with which opening changes something: it may make the file. */
const makes = (flags) => typeof flags === "number" ? (flags & fs.constants.O_CREAT) !== 0 : /[wa]/.test(flags ?? "r")

const bytesOf = (data, encoding) =>
  typeof data === "string" ? Buffer.from(data, typeof encoding === "string" ? encoding : "utf8") : data

const firstHalf = (bytes) => bytes.subarray(0, bytes.length >> 1)

/** Writes half of what a call was to write. */
const halfOf = (name, args) => {
  const [first, data, options] = args
  if (name === "writeFile" || name === "appendFile") {
    const flag = name === "appendFile" ? "a" : "w"
    return () => real.writeFileSync(first, firstHalf(bytesOf(data, options)), { flag, ...(Object(options)) })
  }
  if (name === "write" && typeof data === "string") {
    return () => real.writeSync(first, firstHalf(bytesOf(data)), 0, undefined, options ?? null)
  }
  if (name === "write") {
    const [start = 0, length = data.length - start, position = null] = args.slice(2)
    return () => real.writeSync(first, firstHalf(data.subarray(start, start + length)), 0, undefined, position)
  }
  if (name === "writev") {
    return () => real.writeSync(first, firstHalf(Buffer.concat(data)), 0, undefined, options ?? null)
  }
  return undefined
}

/**
 * @param {string} folder
 * @param {Hook} hook
 */
export const watchFileCalls = async (folder, hook) => {
  const root = resolve(folder)
  /** By descriptor. */
  const opened = new Map()
  /** Calls of node:fs that node:fs makes itself are part of the outer one. */
  let depth = 0

  const absolute = (path) => path instanceof URL ? fileURLToPath(path) : resolve(String(path))
  const isBelow = (path) => path === root || path.startsWith(root + sep)

  /** The call, if it concerns the folder. */
  const described = (name, args) => {
    const [first, second] = args
    const fd = typeof first === "number" ? first : undefined
    const path = fd === undefined ? absolute(first) : opened.get(fd)
    const to = twoBy.includes(name) ? absolute(second) : undefined
    if (path === undefined || !(isBelow(path) || (to !== undefined && isBelow(to)))) return undefined
    return { name, path, to, fd, half: halfOf(name, args) }
  }

  const sync = (name, make) => (...args) => {
    const call = depth === 0 ? described(name, args) : undefined
    if (call !== undefined) hook.before(call)
    depth++
    let result
    try {
      result = make(...args)
    } finally {
      depth--
    }
    if (call !== undefined) hook.after(call)
    return result
  }

  const withCallback = (name, make) => (...args) => {
    const call = described(name, args)
    const callBack = args.at(-1)
    if (call === undefined || typeof callBack !== "function") return make(...args)
    try {
      hook.before(call)
    } catch (error) {
      return void process.nextTick(callBack, error)
    }
    return make(...args.slice(0, -1), (error, ...rest) => {
      if (!error) hook.after(call)
      callBack(error, ...rest)
    })
  }

  const promised = (name, make) =>
    async function(...args) {
      const call = described(name, this?.fd === undefined ? args : [this.fd, ...args])
      if (call !== undefined) hook.before(call)
      const result = await make.apply(this, args)
      if (call !== undefined) hook.after(call)
      return result
    }

  for (const name of [...oneBy, ...twoBy, ...onDescriptor]) {
    fs[`${name}Sync`] = sync(name, real[`${name}Sync`])
    if (real[name] !== undefined) fs[name] = withCallback(name, real[name])
    if (real.promises[name] !== undefined) fs.promises[name] = promised(name, real.promises[name])
  }

  fs.openSync = (path, flags, mode) => {
    const file = absolute(path)
    const call = depth === 0 && isBelow(file) && makes(flags) ? { name: "open", path: file } : undefined
    if (call !== undefined) hook.before(call)
    const fd = real.openSync(path, flags, mode)
    if (isBelow(file)) opened.set(fd, file)
    if (call !== undefined) hook.after(call)
    return fd
  }
  fs.closeSync = (fd) => {
    opened.delete(fd)
    return real.closeSync(fd)
  }
  fs.promises.open = async (path, ...rest) => {
    const handle = await real.promises.open(path, ...rest)
    if (isBelow(absolute(path))) opened.set(handle.fd, absolute(path))
    return handle
  }

  const handle = await real.promises.open(fileURLToPath(import.meta.url), "r")
  const methods = Object.getPrototypeOf(handle)
  await handle.close()
  methods.sync = promised("fsync", methods.sync)
  methods.datasync = promised("fdatasync", methods.datasync)
  methods.write = promised("write", methods.write)
  const close = methods.close
  methods.close = function() {
    opened.delete(this.fd)
    return close.call(this)
  }
  syncBuiltinESMExports()
}
