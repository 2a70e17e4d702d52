/**
 * Fields of pack.json that were renamed. A pack that uses an old name is refused, as ignoring it would change answers.
 */

/** Old name of a field of `models.detector`, at whatever depth → its place there now. */
const NEW_PLACES: ReadonlyMap<string, string> = new Map([
  ['verification', 'rescoring'],
  ['listenFrom', 'rescoring.minScore'],
  ['certainFrom', 'rescoring.certainScore'],
  ['confirmation', 'rescoring.scaleAgreement'],
  ['aloneFrom', 'rescoring.scaleAgreement.minScoreAlone'],
  ['seenFrom', 'rescoring.scaleAgreement.minSupportScore'],
  ['clearFrom', 'rescoring.scaleAgreement.minClearPixels'],
  ['clearTo', 'rescoring.scaleAgreement.maxClearPixels'],
]);

/** For each field with an old name, where it belongs now. */
export function renamedFields(detector: unknown, path = 'models.detector'): string[] {
  if (typeof detector !== 'object' || detector === null) return [];
  return Object.entries(detector).flatMap(([name, value]) => {
    const place = NEW_PLACES.get(name);
    const field = `${path}.${name}`;
    const own = place === undefined ? [] : [`${field} is now models.detector.${place}`];
    return [...own, ...renamedFields(value, field)];
  });
}
