/**
 * What the embedded engine finds on this machine: the runtime, cores, memory, and each device it could compute on with
 * the reason where it cannot. How that is printed is the command line's business.
 */
import { execFile } from "node:child_process"
import { availableParallelism, totalmem } from "node:os"
import { fileURLToPath } from "node:url"
import { availableMemory } from "./memory.ts"

/** One device. */
export interface DeviceReport {
  readonly device: "cpu" | "webgpu" | "cuda"
  /** A sum was computed on it. */
  readonly available: boolean
  /** The embedded engine samples and trains on it. */
  readonly used: boolean
  /** Why it is not available. */
  readonly reason?: string
  /** What would make it available. */
  readonly next?: string
}

export interface Diagnosis {
  /** Of Node. */
  readonly version: string
  /** Cores this process may use. */
  readonly cores: number
  /** Bytes. */
  readonly memory: { readonly total: number; readonly available: number }
  readonly devices: ReadonlyArray<DeviceReport>
}

const needs: Readonly<Record<DeviceReport["device"], string>> = {
  cpu: "install onnxruntime-node again (npm ci); its package holds the runtime for Linux, macOS and Windows",
  webgpu: "it needs a graphics driver with Vulkan, Metal or Direct3D 12 (on Linux the package libvulkan1, too)",
  cuda: "it needs CUDA 12 and cuDNN 9, and onnxruntime-node installed with ONNXRUNTIME_NODE_INSTALL=cuda12; " +
    "for NVIDIA cards a server (vLLM, SGLang) is the faster way"
}

const probeFile = fileURLToPath(
  new URL(`./doctorProbe.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url)
)

/** A device that does not answer by then is not available. */
const probeMs = 60_000

const probe = (device: DeviceReport["device"]): Promise<{ readonly available: boolean; readonly reason?: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [probeFile, device], { timeout: probeMs }, (error, stdout, stderr) => {
      const line = stdout.trim().split("\n").at(-1) ?? ""
      if (line.startsWith("{")) return resolve(JSON.parse(line))
      const last = stderr.trim().split("\n").at(-1) ?? ""
      const end = error?.signal ? `it ended with ${error.signal}` : `it ended with code ${error?.code ?? 0}`
      resolve({ available: false, reason: last === "" ? end : `${end}: ${last}` })
    })
  })

/** Tries every device, each in a process of its own. */
export const diagnose = async (): Promise<Diagnosis> => {
  const devices = await Promise.all((["cpu", "webgpu", "cuda"] as const).map(async (device): Promise<DeviceReport> => {
    const found = await probe(device)
    return { device, used: device === "cpu", ...found, ...(found.available ? {} : { next: needs[device] }) }
  }))
  return {
    version: process.version,
    cores: availableParallelism(),
    memory: { total: totalmem(), available: availableMemory() },
    devices
  }
}
