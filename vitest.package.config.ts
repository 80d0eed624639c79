import { defineConfig } from "vitest/config"

/** The package as npm makes and installs it: needs a registry that answers for every dependency. */
export default defineConfig({
  test: { include: ["test/external/package.test.ts"], pool: "forks", testTimeout: 1_800_000, hookTimeout: 600_000 }
})
