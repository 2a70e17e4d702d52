import { loadConfig } from '../../src/config/config.js';

describe("ONNX Runtime's reports to its makers", () => {
  const before = process.env.ORT_DISABLE_TELEMETRY;
  afterEach(() => {
    if (before === undefined) delete process.env.ORT_DISABLE_TELEMETRY;
    else process.env.ORT_DISABLE_TELEMETRY = before;
  });

  it('are off once the configuration is read', () => {
    delete process.env.ORT_DISABLE_TELEMETRY;
    loadConfig();
    expect(process.env.ORT_DISABLE_TELEMETRY).toBe('1');
  });

  it('stay as an operator sets them', () => {
    process.env.ORT_DISABLE_TELEMETRY = '0';
    loadConfig();
    expect(process.env.ORT_DISABLE_TELEMETRY).toBe('0');
  });
});
