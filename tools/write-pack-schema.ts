/** `npm run pack-schema`: writes models/pack.schema.json. */
import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { packSchema } from './pack-schema.js';

const PATH = 'models/pack.schema.json';

const options = await resolveConfig(PATH);
writeFileSync(PATH, await format(JSON.stringify(packSchema()), { ...options, filepath: PATH }));
