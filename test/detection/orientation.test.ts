/** Which way up a face is: what several looks agree on, and what the pack's own networks say of turned pictures. */
import { agreedTurn, type Look } from '../../src/detection/orientation.js';

/** A look from a crop turned by `tilt` at a face that is turned by `degrees` in the picture. */
function look(degrees: number, tilt: number, sureness = 1): Look {
  const angle = ((degrees - tilt) * Math.PI) / 180;
  return { tilt, turn: { cosine: sureness * Math.cos(angle), sine: sureness * Math.sin(angle) } };
}

test.each([0, 35, 90, -90, 135, 179, -179])('looks from four sides agree on a turn of %i°', (degrees) => {
  const looks = [0, 90, 180, -90].map((tilt) => look(degrees, tilt));
  expect(agreedTurn(looks)).toBeCloseTo(degrees, 6);
});

test('a sure look outweighs an unsure one', () => {
  expect(agreedTurn([look(90, 0, 0.2), look(-90, 180, 0.9)])).toBeCloseTo(-90, 6);
});

test('half a turn is told as -180 to 180 degrees', () => {
  expect(Math.abs(agreedTurn([look(180, 0), look(-180, 90)]))).toBeCloseTo(180, 6);
});
