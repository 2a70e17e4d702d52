/** Settings that hold the URL of another service: what would fail later already fails at the start. */
import { Config } from '../../src/config/config.js';
import { readSettings } from '../../src/config/setting.js';

const read = (variable: string, value: string): Config => readSettings(Config, { [variable]: value });

describe.each(['S3_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'])('%s', (variable) => {
  test.each([
    'http://minio:9000',
    'HTTPS://S3.example.com',
    'http://my_minio:9000/',
    'http://[::1]:9000',
    'http://10.0.0.1/a/path',
    ' http://localhost:9000 ',
  ])('takes %s', (value) => {
    expect(Object.values(read(variable, value))).toContain(value.trim());
  });

  test.each([
    'minio:9000',
    'localhost',
    '10.0.0.1:9000',
    '//minio:9000',
    'ftp://minio:9000',
    's3://bucket',
    'http:minio',
    'http:/minio',
    'http:///minio',
    'http://',
    'http://:9000',
    'http://minio:90000',
    'http://min io',
    'http://[::1',
    'http://user:pass@minio:9000',
    'http://user@minio',
    'http://minio:9000?',
    'http://minio:9000/?a=b',
    'http://minio:9000/#top',
    'http://minio:9000#',
  ])('refuses %s, and says what to write', (value) => {
    expect(() => read(variable, value)).toThrow(
      new RegExp(`${variable} must be an http or https URL with its scheme, such as http://minio:9000`),
    );
  });
});

describe('RATE_LIMIT_REDIS_URL', () => {
  test.each([
    'redis://redis:6379',
    'rediss://user:p%40ss@my_redis:6379/3',
    'redis://[::1]/',
    'redis://localhost',
  ])('takes %s', (value) => {
    expect(read('RATE_LIMIT_REDIS_URL', value).rateLimitRedisUrl).toBe(value);
  });

  test.each([
    'redis:6379',
    'http://redis:6379',
    'redis://',
    'redis://redis:6379/cache',
    'redis://redis:6379?db=1',
  ])('refuses %s', (value) => {
    expect(() => read('RATE_LIMIT_REDIS_URL', value)).toThrow(
      /RATE_LIMIT_REDIS_URL must be a redis or rediss URL/,
    );
  });
});
