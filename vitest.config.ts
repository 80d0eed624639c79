import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/external/**", "node_modules/**"],
    pool: "forks",
    testTimeout: 120_000
  }
})
