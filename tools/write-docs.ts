/** `npm run docs`: writes what the documents say of the settings, from their one description in src/config/config.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { envExample } from './env-example.js';
import { withSettings } from './operations-doc.js';

const OPERATIONS = 'docs/operations.md';

writeFileSync('.env.example', envExample());
writeFileSync(OPERATIONS, withSettings(readFileSync(OPERATIONS, 'utf8')));
