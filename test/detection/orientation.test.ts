/** Which way up a face is: what several looks agree on, and what the pack's own networks say of turned pictures. */
import { agreement, type Look } from '../../src/detection/orientation.js';

/** A look from a crop turned by `tilt` at a face that is turned by `degrees` in the picture. */
function look(degrees: number, tilt: number, sureness = 1): Look {
  const angle = ((degrees - tilt) * Math.PI) / 180;
  return { tilt, turn: { cosine: sureness * Math.cos(angle), sine: sureness * Math.sin(angle) } };
}

test.each([0, 35, 90, -90, 135, 179, -179])('looks from four sides agree on a turn of %i°', (degrees) => {
  const looks = [0, 90, 180, -90].map((tilt) => look(degrees, tilt));
  expect(agreement(looks).degrees).toBeCloseTo(degrees, 6);
});

test('a sure look outweighs an unsure one', () => {
  expect(agreement([look(90, 0, 0.2), look(-90, 180, 0.9)]).degrees).toBeCloseTo(-90, 6);
});

test('half a turn is told as -180 to 180 degrees', () => {
  expect(Math.abs(agreement([look(180, 0), look(-180, 90)]).degrees)).toBeCloseTo(180, 6);
});

test('looks that contradict each other agree on little', () => {
  const looks = [0, 90, 180, -90].map((tilt) => look(tilt, tilt, 0.8));
  expect(agreement(looks).strength).toBeCloseTo(0, 6);
  expect(agreement([0, 90, 180, -90].map((tilt) => look(45, tilt, 0.8))).strength).toBeCloseTo(0.8, 6);
});
