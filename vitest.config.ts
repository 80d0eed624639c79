import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/external/**", "node_modules/**"],
    pool: "forks",
    // most tests wait for children of theirs, so two at once suit two cores too
    maxWorkers: "100%",
    // limits for a machine that hangs, far above what tests take: nothing here is a measurement
    testTimeout: 900_000,
    hookTimeout: 300_000
  }
})
