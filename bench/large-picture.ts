/**
 * Compares a 12-megapixel photo with a 640×480 one of the same scene: `npm run bench:large`.
 *
 * Both are sent alternately as raw bodies, with all outputs. The first scene has a face that is large enough to be found in a
 * shrunk picture; the second has small faces, for which a large picture is decoded in full.
 */
import { Client } from './client.js';
import { payload } from './payload.js';
import { face, group } from './pictures.js';
import { startService } from './server-process.js';
import { median } from './statistics.js';

const WARM_UP = 5;
const ROUNDS = 40;
const TARGET = 2.5;

/** Functions that make the pictures of each scene, in any size. */
const SCENES = { 'one face': face, 'small faces': group };

const service = await startService();
const client = new Client(service.url);
let passed = true;
try {
  for (const [name, picture] of Object.entries(SCENES)) {
    const small = await picture(640, 480);
    const large = await picture(4000, 3000);
    const times = { small: [] as number[], large: [] as number[] };
    let found = { small: 0, large: 0 };
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      const first = await detect(small);
      const second = await detect(large);
      found = { small: first.faces, large: second.faces };
      if (round < 0) continue;
      times.small.push(first.ms);
      times.large.push(second.ms);
    }
    const ratio = median(times.large) / median(times.small);
    console.log(
      `${name}: 640×480 ${median(times.small).toFixed(1)} ms (${found.small} found), ` +
        `4000×3000 ${median(times.large).toFixed(1)} ms (${found.large} found), ratio ${ratio.toFixed(2)}`,
    );
    if (name === 'one face') passed = ratio <= TARGET && found.small === found.large;
  }
} finally {
  client.close();
  await service.stop();
}
process.exitCode = passed ? 0 : 1;

async function detect(jpeg: Buffer): Promise<{ faces: number; ms: number }> {
  const { status, ms, text } = await client.post(payload({ jpeg }, 'raw'));
  if (status !== 200) throw new Error(`${status}: ${text()}`);
  return { faces: (JSON.parse(text()) as { faces: unknown[] }).faces.length, ms };
}
