/**
 * A minimal HTTP server around a library: it takes a picture as the body of any POST, and returns the results as JSON. It runs one
 * process per core, because the libraries run on the calling thread, and uses the same decoder as the service.
 */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';

sharp.cache(false);
sharp.concurrency(1);

/** @param open loads the library, and resolves to a function from `{ data, width, height }` (RGB) to a list of faces */
export async function serve(open) {
  if (cluster.isPrimary) startProcesses();
  else await answer(await open());
}

/** Starts the processes. They begin to listen when all of them are ready. */
function startProcesses() {
  cluster.setupPrimary({ execArgv: [] });
  const processes = Array.from({ length: availableParallelism() }, () => cluster.fork());
  let ready = 0;
  for (const one of processes) {
    one.once('message', () => {
      if (++ready === processes.length) for (const each of processes) each.send('listen');
    });
    one.once('exit', () => process.exit());
  }
  process.on('SIGTERM', () => process.exit());
}

async function answer(analyze) {
  const server = createServer((request, response) => {
    respond(request, response, analyze).catch((error) => response.writeHead(500).end(String(error.stack)));
  });
  process.send('ready');
  await once(process, 'message');
  server.listen(Number(process.env.PORT), '127.0.0.1');
}

async function respond(request, response, analyze) {
  if (request.method === 'GET') return response.end();
  const picture = await buffer(request);
  const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
  const faces = await analyze({ data, width: info.width, height: info.height });
  response.setHeader('content-type', 'application/json');
  return response.end(JSON.stringify({ faces }));
}
