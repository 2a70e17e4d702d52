import type { Image } from '../../src/vision/image.js';
import { justLargeEnough, levelsAbove } from '../../src/vision/pyramid.js';

/** A grey picture whose pixels are numbered row by row, ten apart. */
function ramp(width: number, height: number): Image {
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, at) => 10 * Math.floor(at / 3)),
  };
}

const greys = ({ data }: Image) => [...data].filter((_, at) => at % 3 === 0);

describe('a pyramid', () => {
  it('gives the picture itself to a target more than half as large', () => {
    const picture = ramp(4, 4);
    expect(justLargeEnough(picture, 3, 2)).toEqual({ image: picture, factor: 1 });
  });

  it('halves while a target fits twice, each level the mean of four pixels', () => {
    const picture = ramp(4, 4);
    expect(greys(justLargeEnough(picture, 2, 2).image)).toEqual([25, 45, 105, 125]);
    const { image, factor } = justLargeEnough(picture, 1, 1);
    expect({ factor, greys: greys(image) }).toEqual({ factor: 4, greys: [75] });
  });

  it('averages what there is where an odd size leaves half a block', () => {
    const { image } = justLargeEnough(ramp(5, 3), 2, 1);
    expect([image.width, image.height]).toEqual([3, 2]);
    expect(greys(image)).toEqual([30, 50, 65, 105, 125, 140]);
  });

  it('gives all levels that are longer than a side', () => {
    const sizes = (side: number): number[] =>
      [...levelsAbove(ramp(9, 4), side)].map(({ image }) => image.width);
    expect([9, 8, 4, 1].map(sizes)).toEqual([[], [9], [9, 5], [9, 5, 3, 2]]);
    expect([...levelsAbove(ramp(4, 9), 4)].map(({ factor }) => factor)).toEqual([1, 2]);
  });

  it('makes each level once', () => {
    const picture = ramp(8, 8);
    const small = justLargeEnough(picture, 2, 2).image;
    expect(justLargeEnough(picture, 2, 2).image).toBe(small);
  });
});
