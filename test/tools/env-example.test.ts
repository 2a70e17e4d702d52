import { readFileSync } from 'node:fs';
import { envExample } from '../../tools/env-example.js';

it('.env.example lists every setting with its default (`npm run docs` writes it)', () => {
  expect(readFileSync('.env.example', 'utf8')).toBe(envExample());
});
