import { defineConfig } from 'vitest/config'

const SERVER = { globalSetup: ['test/global-setup.ts'], testTimeout: 30_000, hookTimeout: 60_000 }
/**
 * What leaves the process it runs in as it was, so that its files share one: to load the server is most of what such a file costs. What a helper
 * does when it is imported, a hook or a setting, would hold for the first of them alone.
 */
const SHARING = ['admin', 'domain', 'http', 'payments', 'tools'].map(folder => `test/${folder}/**/*.test.ts`)

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      // The rules of the house need no database, so that `npm run check` stays quick.
      { extends: true, test: { name: 'house', include: ['test/house/**/*.test.ts'] } },
      { extends: true, test: { ...SERVER, name: 'server', include: ['test/**/*.test.ts'], exclude: ['test/house/**', ...SHARING] } },
      { extends: true, test: { ...SERVER, name: 'server-sharing', include: SHARING, isolate: false } },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          globalSetup: ['test/global-setup.ts'],
          testTimeout: 45_000,
          hookTimeout: 60_000,
          // A browser and a server each; two at once on a small machine starve one another.
          fileParallelism: false,
        },
      },
    ],
  },
})
