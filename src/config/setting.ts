/** Declares environment variables on the properties of a configuration class, and reads the class from an environment. */
import 'reflect-metadata';
import { validateSync } from 'class-validator';
import { AppError } from '../errors.js';
import { violationsOf } from '../validation-errors.js';

/** One documented environment variable. */
export interface SettingDescription {
  /** Name of the environment variable. */
  readonly variable: string;
  /** What it does. */
  readonly effect: string;
  /** Property of the configuration class that holds its value. */
  readonly property: string;
}

const described = new WeakMap<object, SettingDescription[]>();

/** Binds a property to an environment variable. `checks` are class-validator decorators. */
export function Setting(variable: string, effect: string, ...checks: PropertyDecorator[]): PropertyDecorator {
  return (target, property) => {
    const list = described.get(target) ?? [];
    list.push({ variable, effect, property: String(property) });
    described.set(target, list);
    for (const check of checks) check(target, property);
  };
}

/** All settings of a configuration class, in the order of their declaration. */
export function settingsOf(configClass: new () => object): readonly SettingDescription[] {
  return described.get(configClass.prototype as object) ?? [];
}

/**
 * Reads a configuration from an environment. An unset or empty variable keeps its default.
 * @throws AppError `invalid_configuration` naming every invalid variable, but never its value
 */
export function readSettings<T extends object>(configClass: new () => T, environment: NodeJS.ProcessEnv): T {
  const config = new configClass();
  const settings = settingsOf(configClass);
  for (const { variable, property } of settings) {
    const text = environment[variable]?.trim();
    if (text === undefined || text === '') continue;
    const type: unknown = Reflect.getMetadata('design:type', configClass.prototype as object, property);
    Object.assign(config, { [property]: convert(text, type) });
  }
  const variables = new Map(settings.map(({ property, variable }) => [property, variable]));
  const problems = violationsOf(validateSync(config, { forbidUnknownValues: false })).map(
    ({ field, message }) => message.replaceAll(field, variables.get(field) ?? field),
  );
  if (problems.length > 0) {
    throw new AppError('invalid_configuration', `Invalid configuration: ${problems.join('; ')}.`);
  }
  return config;
}

/** Converts a text to the type of its property. Text that does not fit stays as it is, and fails the checks. */
function convert(text: string, type: unknown): unknown {
  if (type === Number) return Number(text);
  if (type === Boolean)
    return { true: true, '1': true, false: false, '0': false }[text.toLowerCase()] ?? text;
  if (type === Array)
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  return text;
}
