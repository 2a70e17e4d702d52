/** `npm run api-key -- --name ci [--expires 2027-01-01]`: creates a key, and prints it together with the line that enables it. */
import { parseArgs } from 'node:util';
import { messageOf } from '../errors.js';
import { formatApiKey, hashOf, isDate, isKeyName, newApiKey } from './api-key.js';

const USAGE = `npm run api-key -- --name NAME [--expires YYYY-MM-DD]
  --name     who the key is for: up to 64 letters, digits, "_", "." and "-"; it appears in logs
  --expires  the day (UTC) at whose start the key expires`;

try {
  const { values } = parseArgs({ options: { name: { type: 'string' }, expires: { type: 'string' } } });
  const { name, expires } = values;
  if (name === undefined || !isKeyName(name)) throw new Error('--name is missing or not valid.');
  if (expires !== undefined && !isDate(expires)) throw new Error('--expires is not a valid date.');
  const key = newApiKey();
  console.log(`The key, which is shown only now:\n${key}\n`);
  console.log(
    `The line for API_KEYS_FILE, or the entry for API_KEYS:\n${formatApiKey({ name, hash: hashOf(key), expires })}`,
  );
} catch (error) {
  console.error(`${messageOf(error)}\n\n${USAGE}`);
  process.exitCode = 1;
}
