/** `npm start`: what has to be ready, then the service in this very process, which the signals for it reach. */
import './ready.mjs';

await import('../dist/src/main.js');
