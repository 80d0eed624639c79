import { defineConfig } from "vitest/config"

/** What needs a registry (npm's, Jupyter, the 135M model, the real prompt sets) or Chromium. */
export default defineConfig({
  test: {
    include: ["test/external/{browser,notebook,package,smol}.test.ts"],
    pool: "forks",
    testTimeout: 1_800_000,
    hookTimeout: 600_000
  }
})
