/** `npm run api-key -- --name ci [--expires 2027-01-01]`: makes a key, prints it once and the line that lets it in. */
import { parseArgs } from 'node:util';
import { messageOf } from '../errors.js';
import { formatApiKey, hashOf, isDate, isKeyName, newApiKey } from './api-key.js';

const USAGE = `npm run api-key -- --name NAME [--expires YYYY-MM-DD]
  --name     who the key is for: letters, digits, "_", "." and "-", 64 at most; it appears in logs
  --expires  the day (UTC) from whose beginning on the key is refused`;

try {
  const { values } = parseArgs({ options: { name: { type: 'string' }, expires: { type: 'string' } } });
  const { name, expires } = values;
  if (name === undefined || !isKeyName(name)) throw new Error('--name is missing or not usable.');
  if (expires !== undefined && !isDate(expires)) throw new Error('--expires is not a date.');
  const key = newApiKey();
  console.log(`The key, shown only now:\n${key}\n`);
  console.log(
    `A line for API_KEYS_FILE, or an entry of API_KEYS:\n${formatApiKey({ name, hash: hashOf(key), expires })}`,
  );
} catch (error) {
  console.error(`${messageOf(error)}\n\n${USAGE}`);
  process.exitCode = 1;
}
