/** What the image promises, read off the Dockerfile; deploy/check-image.sh builds it and runs it. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

const lines = readFileSync('Dockerfile', 'utf8')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const valuesOf = (instruction: string): string[] =>
  lines
    .filter((line) => line.startsWith(`${instruction} `))
    .map((line) => line.slice(instruction.length + 1));

test('base images are of exact versions', () => {
  for (const image of valuesOf('ARG').filter((argument) => /^\w+_IMAGE=/.test(argument)))
    expect(image).toMatch(/=[a-z/]+:\d+\.\d+\.\d+-/);
  for (const from of valuesOf('FROM')) expect(from).toMatch(/^(\$\{\w+_IMAGE\}|dependencies) AS /);
});

test('both images run the compiled service as nobody; nothing is built or fetched at the start', () => {
  expect(valuesOf('USER')).toEqual(['65532:65532', '65532:65532']);
  expect(lines.filter((line) => line.startsWith('CMD '))).toEqual(
    Array.from({ length: 2 }, () => 'CMD ["node", "dist/src/main.js"]'),
  );
});

const letIn = (file: string): string[] => readFileSync(file, 'utf8').match(/(?<=^!).*/gm) ?? [];

test('the graphs that come with the repository are let in by .dockerignore, but for those of the research pack', () => {
  const committed = letIn('.gitignore').filter((path) => path.endsWith('.onnx'));
  expect(committed).toContain('models/default/detector.onnx');
  const served = committed.filter((path) => !path.startsWith('models/research/'));
  expect(letIn('.dockerignore').filter((path) => path.endsWith('.onnx'))).toEqual(served);
  expect(readFileSync('.dockerignore', 'utf8').split('\n')).toContain('models/research');
});

test('what is copied in is let in by .dockerignore', () => {
  const allowed = letIn('.dockerignore').filter((path) => !path.endsWith('.onnx'));
  const copied = valuesOf('COPY')
    .filter((copy) => !copy.startsWith('--from'))
    .flatMap((copy) => copy.split(' ').slice(0, -1));
  expect(copied.length).toBeGreaterThan(0);
  expect([...new Set(copied)].sort()).toEqual([...allowed].sort());
});

describe('HEALTHCHECK', () => {
  const checks = [...new Set(valuesOf('HEALTHCHECK').map((check) => check.slice(check.indexOf('CMD ') + 4)))];

  async function exitCode(port: number): Promise<number> {
    const [program, ...args] = JSON.parse(checks[0]) as string[];
    const ended = promisify(execFile)(program, args, { env: { ...process.env, PORT: String(port) } });
    return ended.then(
      () => 0,
      (error: unknown) => (error as { code: number }).code,
    );
  }

  test('is the same in both images', () => expect(checks).toHaveLength(1));

  test('passes while the service is alive, and fails when it is not well or not there', async () => {
    let status = 200;
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await exitCode(port)).toBe(0);
    status = 503;
    expect(await exitCode(port)).toBe(1);
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    expect(await exitCode(port)).toBe(1);
    expect(asked).toEqual(['/-/livez', '/-/livez']);
  });
});
