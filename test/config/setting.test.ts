/** Reading a configuration class from an environment. */
import { ArrayMaxSize, IsBoolean, IsIn, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { readSettings, Setting, settingsOf } from '../../src/config/setting.js';
import { AppError } from '../../src/errors.js';

class Kitchen {
  @Setting('OVEN_DEGREES', 'How hot.', IsInt(), Min(0), Max(300))
  degrees: number = 180;

  @Setting('OVEN_FAN', 'Whether the fan turns.', IsBoolean())
  fan: boolean = true;

  @Setting('DISHES', 'What is cooked.', IsString({ each: true }), ArrayMaxSize(3))
  dishes: string[] = ['soup'];

  @Setting('LIGHT', 'How bright.', IsIn(['dim', 'bright']))
  light: string = 'dim';

  @Setting('COOK', 'Who cooks.', IsOptional(), IsString())
  cook?: string = undefined;
}

function refusal(environment: NodeJS.ProcessEnv): AppError {
  try {
    readSettings(Kitchen, environment);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

test('an empty environment keeps every default', () => {
  expect({ ...readSettings(Kitchen, {}) }).toEqual({
    degrees: 180,
    fan: true,
    dishes: ['soup'],
    light: 'dim',
    cook: undefined,
  });
});

test('variables that are empty or blank keep the default too', () => {
  expect(readSettings(Kitchen, { OVEN_DEGREES: '', DISHES: '  ', COOK: '' })).toMatchObject({
    degrees: 180,
    dishes: ['soup'],
  });
});

test('text becomes the type of the property', () => {
  const environment = {
    OVEN_DEGREES: ' 200 ',
    OVEN_FAN: 'false',
    DISHES: 'pie, bread,,',
    LIGHT: 'bright',
    COOK: '7',
  };
  expect({ ...readSettings(Kitchen, environment) }).toEqual({
    degrees: 200,
    fan: false,
    dishes: ['pie', 'bread'],
    light: 'bright',
    cook: '7',
  });
});

test.each([
  ['true', true],
  ['TRUE', true],
  ['1', true],
  ['False', false],
  ['0', false],
])('a boolean may be written %s', (text, value) => {
  expect(readSettings(Kitchen, { OVEN_FAN: text }).fan).toBe(value);
});

test.each([
  ['OVEN_DEGREES', 'hot'],
  ['OVEN_DEGREES', '20.5'],
  ['OVEN_DEGREES', '301'],
  ['OVEN_DEGREES', '-1'],
  ['OVEN_DEGREES', '1e9'],
  ['OVEN_FAN', 'maybe'],
  ['DISHES', 'a1,b2,c3,d4'],
  ['LIGHT', 'blinding'],
])('%s=%s is refused by name, without the value', (variable, value) => {
  const { code, message } = refusal({ [variable]: value });
  expect(code).toBe('invalid_configuration');
  expect(message).toMatch(new RegExp(`^Invalid configuration: .*${variable}`));
  expect(message).not.toContain(value);
});

test('all invalid variables are named at once', () => {
  const { message } = refusal({ OVEN_DEGREES: 'hot', LIGHT: 'blinding' });
  expect(message).toContain('OVEN_DEGREES');
  expect(message).toContain('LIGHT');
  expect(message).not.toMatch(/degrees|\blight\b/);
});

test('unknown variables are ignored', () => {
  expect(readSettings(Kitchen, { PATH: '/bin', oven_degrees: '1' }).degrees).toBe(180);
});

test('settings are listed in the order of their declaration', () => {
  expect(settingsOf(Kitchen).map(({ variable }) => variable)).toEqual([
    'OVEN_DEGREES',
    'OVEN_FAN',
    'DISHES',
    'LIGHT',
    'COOK',
  ]);
  expect(settingsOf(Kitchen)[0]).toEqual({
    variable: 'OVEN_DEGREES',
    effect: 'How hot.',
    property: 'degrees',
  });
});
