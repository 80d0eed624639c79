/** The machine as the engine sees it. Other machines have other devices; each must be there or say why not. */
import { assert, describe, it } from "vitest"
import { diagnose } from "../../models/doctor.ts"

describe("diagnose", () => {
  it("computes on the CPU, and says of every other device that it computes or why it does not", async () => {
    const { cores, devices, memory, version } = await diagnose()
    assert.deepStrictEqual(devices.map(({ device }) => device), ["cpu", "webgpu", "cuda"])
    assert.deepStrictEqual(devices[0], { device: "cpu", available: true, used: true })
    for (const { available, next, reason, used } of devices.slice(1)) {
      assert.isFalse(used)
      assert.strictEqual(available, reason === undefined)
      assert.strictEqual(available, next === undefined)
      if (!available) assert.match(`${reason}`, /[a-z]{3}/)
    }
    assert.strictEqual(version, process.version)
    assert.isAtLeast(cores, 1)
    assert.isTrue(memory.total > 1e8 && memory.available > 0 && memory.available <= memory.total)
  })
})
