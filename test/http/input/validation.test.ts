/** Requests are validated without copying the pictures in them. */
import { DetectRequestDto } from '../../../src/faces/detect.dto.js';
import { AppError } from '../../../src/errors.js';
import { InputPipe } from '../../../src/http/input/validation.js';

const pipe = new InputPipe();
const validate = (input: Record<string, unknown>): Promise<object> =>
  pipe.transform(input, { type: 'custom', metatype: DetectRequestDto });

test('a picture arrives as the bytes that were sent, together with validated options', async () => {
  const image = Buffer.from('any bytes');
  const input = { image, max_faces: '3' };
  const request = (await validate(input)) as DetectRequestDto;
  expect(request).toBeInstanceOf(DetectRequestDto);
  expect(request.image).toBe(image);
  expect([request.max_faces, request.min_confidence]).toEqual([3, 0.5]);
  expect(input).toEqual({ image, max_faces: '3' });
});

test.each([
  ['a file where none belongs', { image2: Buffer.from('any bytes') }, 'image2'],
  ['text where a file belongs', { image: 'any text' }, 'image'],
  ['a file where text belongs', { image_base64: Buffer.from('any bytes') }, 'image_base64'],
])('%s is refused by name', async (_, input, field) => {
  const error = await validate(input).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code: 'invalid_request', details: { errors: [{ field }] } });
});
