/** Tests run on the compiled service (`npm test` builds first): what is tested is what ships, workers included. */
export default {
  roots: ['<rootDir>/dist/test'],
  testMatch: ['**/*.test.js'],
  testEnvironment: '<rootDir>/test/jest-environment.mjs',
  transform: {},
  testTimeout: 60_000,
  maxWorkers: 2,
};
