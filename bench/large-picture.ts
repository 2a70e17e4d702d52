/**
 * What a 12-megapixel photo costs against a 640×480 one of the same scene: `npm run bench:large`.
 *
 * Both are sent in turn as raw bodies with all outputs, first with a face that is large enough to be seen in a shrunk
 * picture, then with small ones, for which a large picture is decoded in full.
 */
import { detect, median } from './client.js';
import { face, group } from './pictures.js';
import { startService } from './service-process.js';

const WARM_UP = 5;
const ROUNDS = 40;
const TARGET = 2.5;

/** The two sizes of each scene. */
const SCENES = { 'one face': face, 'small faces': group };

const service = await startService();
let passed = true;
try {
  for (const [name, picture] of Object.entries(SCENES)) {
    const small = await picture(640, 480);
    const large = await picture(4000, 3000);
    const times = { small: [] as number[], large: [] as number[] };
    let found = { small: 0, large: 0 };
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      const first = await detect(service.url, small);
      const second = await detect(service.url, large);
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
  await service.stop();
}
process.exit(passed ? 0 : 1);
