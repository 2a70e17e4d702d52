/** Tests run on the compiled service (`npm test` builds first): what is tested is what ships, workers included. */
export default {
  roots: ['<rootDir>/dist/test'],
  testMatch: ['**/*.test.js'],
  testEnvironment: '<rootDir>/test/jest/environment.mjs',
  testSequencer: '<rootDir>/test/jest/sequencer.mjs',
  transform: {},
  testTimeout: 60_000,
  // On two cores a third keeps them busy while the others wait for a process, a timeout or a socket.
  maxWorkers: 3,
  // A process keeps some memory of each file that it has run.
  workerIdleMemoryLimit: '250MB',
};
