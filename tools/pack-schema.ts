/**
 * The JSON Schema of pack.json, made from the classes that check the file and from their comments. `npm run
 * docs` writes it. Editors complete and check a pack.json with it; the service itself uses the classes.
 */
import 'reflect-metadata';
import { readdirSync, readFileSync } from 'node:fs';
import { getMetadataStorage, ValidationTypes } from 'class-validator';
import ts from 'typescript';
import { TRANSFORM_NAMES } from '../models/tools/apply-transforms.js';
import { Build, Download, PackageSource } from '../models/tools/sources.js';
import { GraphFile, ModelFile } from '../src/packs/model-file.js';
import { Pack, PackModels } from '../src/packs/pack.js';
import { Provenance, TrainingData } from '../src/packs/provenance.js';

type Class = new () => object;
type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];
type Schema = Readonly<Record<string, unknown>>;
type Fields = Readonly<Record<string, Schema>>;

/** Files whose comments describe fields. */
const SOURCES = [...readdirSync('src/packs').map((name) => `src/packs/${name}`), 'models/tools/sources.ts'];

const TEXT = { type: 'string' } as const;

/** The steps of a build: their options are checked by the code that takes them. */
const TRANSFORMS = {
  description: 'Steps that change the graph; none: it is used as it is. models/README.md describes them.',
  type: 'array',
  items: { type: 'object', required: ['op'], properties: { op: { enum: TRANSFORM_NAMES } } },
} as const;

/** The schemas that others refer to, by name. */
const DEFINITIONS = new Map<string, Schema>();

/** The schema of a whole pack.json. */
export function packSchema(): Schema {
  const fields = {
    $schema: TEXT,
    ...fieldsOf(Pack),
    extends: { description: 'Name of the pack that fills in the roles this one lacks.', ...TEXT },
    sources: {
      description: 'Where the graphs come from, each under the name that `build.source` refers to.',
      type: 'object',
      additionalProperties: {
        if: { required: ['url'] },
        then: schemaOf(Download),
        else: schemaOf(PackageSource),
      },
    },
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'pack.json: which model plays which role, and what its code must know',
    ...object(
      fields,
      requiredOf(Pack).filter((name) => name !== 'models'),
    ),
    // A pack that extends none needs all the roles that no pack can do without.
    if: { not: { required: ['extends'] } },
    then: { required: ['models'], properties: { models: { required: requiredOf(PackModels) } } },
    definitions: Object.fromEntries([...DEFINITIONS].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function schemaOf(type: Class): Schema {
  return defined(type.name, () => ({
    description: COMMENTS.get(type.name),
    // A pack may extend another and then lack roles: see packSchema.
    ...object(fieldsOf(type), type === PackModels ? [] : requiredOf(type)),
  }));
}

function defined(name: string, schema: () => Schema): Schema {
  if (!DEFINITIONS.has(name)) DEFINITIONS.set(name, schema());
  return { $ref: `#/definitions/${name}` };
}

function object(properties: Fields, required: readonly string[]): Schema {
  // JSON has no comments: these fields may say anything, anywhere.
  const patternProperties = { '^(//|\\$comment$)': true };
  return { type: 'object', properties, patternProperties, additionalProperties: false, required };
}

function fieldsOf(type: Class): Fields {
  const fields = Object.fromEntries(rulesOf(type).map(([name, rules]) => [name, fieldOf(type, name, rules)]));
  if (type === PackageSource) return { ...fields, licence: TEXT };
  if (type === Build) return { ...fields, transforms: TRANSFORMS };
  // The class of an array's items cannot be told from its field.
  if (type === Provenance) return { ...fields, trainingData: listOf(type, 'trainingData', TrainingData) };
  if (!(type.prototype instanceof ModelFile)) return fields;
  const onCpu = defined('GraphOnCpu', () => ({
    description: commentOf(type, 'onCpu'),
    ...object({ ...fieldsOf(GraphFile), transforms: TRANSFORMS }, requiredOf(GraphFile)),
  }));
  return { ...fields, build: schemaOf(Build), onCpu };
}

function listOf(type: Class, name: string, item: Class): Schema {
  return { description: commentOf(type, name), type: 'array', items: schemaOf(item) };
}

function requiredOf(type: Class): string[] {
  return rulesOf(type)
    .filter(([, rules]) => !rules.some((rule) => rule.type === ValidationTypes.CONDITIONAL_VALIDATION))
    .map(([name]) => name)
    .filter((name) => presetOf(type, name) === undefined);
}

function fieldOf(type: Class, name: string, rules: readonly Rule[]): Schema {
  const fieldType: unknown = Reflect.getMetadata('design:type', type.prototype as object, name);
  const isNested = rules.some((rule) => rule.type === ValidationTypes.NESTED_VALIDATION);
  const keywords = (some: readonly Rule[]): Schema =>
    Object.assign({}, ...some.map((rule) => keywordsOf(rule))) as Schema;
  return {
    ...(isNested && fieldType !== Array && schemaOf(fieldType as Class)),
    description: commentOf(type, name),
    ...(fieldType === Array && { type: 'array', items: keywords(rules.filter(({ each }) => each)) }),
    ...keywords(rules.filter(({ each }) => !each)),
    default: presetOf(type, name),
  };
}

/** What a rule says in JSON Schema; nothing where another keyword says it already. */
function keywordsOf({ name = '', constraints }: Rule): Schema {
  const [first] = (constraints ?? []) as readonly unknown[];
  switch (name) {
    case 'isIn':
      return { enum: first };
    case 'matches':
      return { ...TEXT, pattern: (first as RegExp).source };
    case 'isString':
    case 'isUrl':
      return TEXT;
    case 'isNotEmpty':
      return { ...TEXT, minLength: 1 };
    case 'isNumber':
      return { type: 'number' };
    case 'isInt':
      return { type: 'integer' };
    case 'isDivisibleBy':
      return { multipleOf: first };
    case 'isBoolean':
      return { type: 'boolean' };
    case 'isPositive':
      return { type: 'number', exclusiveMinimum: 0 };
    case 'min':
      return { type: 'number', minimum: first };
    case 'max':
      return { type: 'number', maximum: first };
    case 'arrayMinSize':
      return { minItems: first };
    case '':
    case 'isArray':
    case 'isDefined':
    case 'isOptional':
      return {};
    default:
      throw new Error(`The schema cannot express the rule ${name}.`);
  }
}

/** The rules of each field, inherited fields first. */
function rulesOf(type: Class): [field: string, rules: Rule[]][] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const fields = [...new Set(rules.map(({ propertyName }) => propertyName))];
  return fields.map((field) => [field, rules.filter(({ propertyName }) => propertyName === field)]);
}

/** What a field is where pack.json does not say. */
function presetOf(type: Class, name: string): unknown {
  return (new type() as Record<string, unknown>)[name];
}

/** The comment on a field, of the class or of the one it inherits the field from. */
function commentOf(type: Class, name: string): string | undefined {
  const parent = Object.getPrototypeOf(type) as Class;
  return COMMENTS.get(`${type.name}.${name}`) ?? (parent.name === '' ? undefined : commentOf(parent, name));
}

/** The comments on classes and their fields, by `Class` and `Class.field`. */
const COMMENTS: ReadonlyMap<string, string> = new Map(SOURCES.flatMap(commentsIn));

function commentsIn(path: string): [name: string, comment: string][] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  return source.statements.filter(ts.isClassDeclaration).flatMap((declaration) => {
    const own = declaration.name?.text ?? '';
    return [declaration, ...declaration.members].flatMap((node): [string, string][] => {
      const [block] = ts.getJSDocCommentsAndTags(node);
      const text = ts.getTextOfJSDocComment(block?.comment);
      const name = node === declaration ? own : `${own}.${(node as ts.ClassElement).name?.getText() ?? ''}`;
      return text === undefined ? [] : [[name, text.replace(/\s+/g, ' ')]];
    });
  });
}
