import { part, softmax, zeros } from '../../src/vision/tensor.js';

describe('tensor', () => {
  it('gives the part of an item as a view on the same memory', () => {
    const { data } = zeros(2, 3);
    part(data, 1, 2)[0] = 7;
    expect([...data]).toEqual([0, 0, 0, 7, 0, 0]);
  });

  it('softmax: e⁰ : e^ln3 is 1 : 3, and large scores do not overflow', () => {
    const [a, b] = softmax(Float32Array.of(0, Math.log(3)));
    expect(a).toBeCloseTo(0.25, 6);
    expect(b).toBeCloseTo(0.75, 6);
    expect([...softmax(Float32Array.of(1000, 1000))]).toEqual([0.5, 0.5]);
  });
});
