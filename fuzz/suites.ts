/** All suites, in the order in which they run. */
import type { Suite } from './core/suite.js';
import { CONCURRENCY } from './concurrency.suite.js';
import { DOWNLOADS } from './downloads/downloads.suite.js';
import { FAULTS } from './faults/faults.suite.js';
import { PICTURES } from './pictures/pictures.suite.js';
import { PRIVACY } from './privacy.suite.js';
import { REQUESTS } from './requests/requests.suite.js';
import { URLS } from './urls/urls.suite.js';

export const SUITES: readonly Suite[] = [PICTURES, REQUESTS, URLS, DOWNLOADS, FAULTS, CONCURRENCY, PRIVACY];
