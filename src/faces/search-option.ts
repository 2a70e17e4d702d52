/** How far a picture is searched for faces: an option of detect and compare. */
import type { AnalysisOptions } from '../worker/protocol.js';

/** The values that callers may send. */
export const SEARCHES = ['standard', 'thorough'] as const satisfies readonly AnalysisOptions['search'][];
