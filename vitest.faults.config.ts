import { defineConfig } from "vitest/config"

/** Many more seeded faults than `npm test` draws: kills, power cuts and damaged files. */
export default defineConfig({
  test: {
    include: ["test/faults/{killPoints,anyFile}.test.ts"],
    pool: "forks",
    env: { FAULTS_POINTS: "200", FAULTS_HARMS: "60" },
    testTimeout: 3_600_000,
    hookTimeout: 600_000
  }
})
