/** How far a picture is searched for faces: an option of detect and compare. */
import type { SearchKind } from '../detection/searcher.js';

/** The values that callers may send. */
export const SEARCHES = ['standard', 'thorough'] as const satisfies readonly SearchKind[];
