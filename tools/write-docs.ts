/**
 * `npm run docs`: writes what is generated from the code. The settings in .env.example and docs/operations.md come from
 * src/config/config.ts, models/pack.schema.json comes from the classes in src/packs, the chapters of docs/licences.md
 * from the packs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { envExample } from './env-example.js';
import { withLicences } from './licences-doc.js';
import { withSettings } from './operations-doc.js';
import { packSchema } from './pack-schema.js';

const LICENCES = 'docs/licences.md';
const OPERATIONS = 'docs/operations.md';
const PACK_SCHEMA = 'models/pack.schema.json';

writeFileSync('.env.example', envExample());
writeFileSync(LICENCES, withLicences(readFileSync(LICENCES, 'utf8')));
writeFileSync(OPERATIONS, withSettings(readFileSync(OPERATIONS, 'utf8')));
const options = await resolveConfig(PACK_SCHEMA);
writeFileSync(PACK_SCHEMA, await format(JSON.stringify(packSchema()), { ...options, filepath: PACK_SCHEMA }));
