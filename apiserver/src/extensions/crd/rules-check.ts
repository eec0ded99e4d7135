import { cardinality, type Declared } from '@keelson/cel';
import { type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldRequired, fieldUnsupported } from '@keelson/machinery';
import { type Compiled, type CompiledRule, compiledRules } from './rules-compile.ts';
import type { Schema, ValidationRule } from './schema.ts';

/** What one rule may be estimated to cost for a whole object, and all rules of a schema together. */
const ruleLimit = 10_000_000;
const schemaLimit = 100_000_000;

/** What is known of the values a schema describes by where they are. */
interface Place {
  readonly at: FieldPath;
  readonly root: boolean;
  /** How many of them there can be at most; undefined when nothing bounds them but the size of a request. */
  readonly count: number | undefined;
  /** Where values begin that have no known counterpart before a change. */
  readonly uncorrelated: FieldPath | undefined;
}

/** What is wrong with the rules of a schema: those that do not compile, that cost too much, or are only half there. Words are upstream's. */
export function ruleSchemaErrors(schema: Schema, at: FieldPath): FieldError[] {
  const total: Total = { cost: 0, dearest: [] };
  const errors = nodeErrors(schema, { at, root: true, count: 1, uncorrelated: undefined }, total);
  if (total.cost <= schemaLimit) return errors;
  const dearest = total.dearest.toSorted((a, b) => b.cost - a.cost).slice(0, mostNamed);
  const each = dearest.map((one) =>
    fieldForbidden(one.at, 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'),
  );
  const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
  return [...errors, ...each, fieldForbidden(at, tooDear(what, total.cost, schemaLimit))];
}

/** What all rules cost, and the expressions that are a good part of it. */
interface Total {
  cost: number;
  readonly dearest: { readonly at: FieldPath; readonly cost: number }[];
}

const mostNamed = 4;

function nodeErrors(schema: Schema, place: Place, total: Total): FieldError[] {
  return [...ownErrors(schema, place, total), ...childErrors(schema, place, total)];
}

function childErrors(schema: Schema, place: Place, total: Total): FieldError[] {
  const { properties = {}, additionalProperties, items } = schema;
  const { at, count, uncorrelated } = place;
  const errors = Object.entries(properties).flatMap(([name, member]) =>
    nodeErrors(member, { at: at.child('properties').key(name), root: false, count, uncorrelated }, total),
  );
  if (typeof additionalProperties === 'object') {
    const inside = { at: at.child('additionalProperties'), root: false, count: times(count, schema.maxProperties), uncorrelated };
    errors.push(...nodeErrors(additionalProperties, inside, total));
  }
  if (items && !Array.isArray(items)) {
    const keyed = schema['x-kubernetes-list-type'] === 'map';
    const inside = { at: at.child('items'), root: false, count: times(count, schema.maxItems), uncorrelated: keyed ? uncorrelated : at };
    errors.push(...nodeErrors(items, inside, total));
  }
  return errors;
}

function times(count: number | undefined, most: number | undefined): number | undefined {
  return count === undefined || most === undefined ? undefined : count * most;
}

function ownErrors(schema: Schema, place: Place, total: Total): FieldError[] {
  if (!schema['x-kubernetes-validations']?.length) return [];
  const { rules, self } = compiledRules(schema, place.root);
  const expressions = { self, count: place.count, total };
  return rules.flatMap((compiled, index) => {
    const at = place.at.child('x-kubernetes-validations').index(index);
    const { rule } = compiled.rule;
    if (!rule?.trim()) return [fieldRequired(at.child('rule'), 'rule is not specified')];
    return [...shapeErrors(compiled.rule, schema, at), ...oldErrors(compiled, place, at), ...expressionErrors(compiled, expressions, at)];
  });
}

const reasons = ['FieldValueRequired', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueDuplicate'];

function shapeErrors({ rule, message, messageExpression, reason, fieldPath }: ValidationRule, schema: Schema, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (message && !message.trim()) errors.push(fieldInvalid(at.child('message'), message, 'message must be non-empty if specified'));
  else if (/[\n\r]/.test(message?.trim() ?? ''))
    errors.push(fieldInvalid(at.child('message'), message, 'message must not contain line breaks'));
  else if (/[\n\r]/.test(rule.trim()) && !message)
    errors.push(fieldRequired(at.child('message'), 'message must be specified if rule contains line breaks'));
  if (messageExpression && !messageExpression.trim())
    errors.push(fieldRequired(at.child('messageExpression'), 'messageExpression must be non-empty if specified'));
  if (reason !== undefined && !reasons.includes(reason)) errors.push(fieldUnsupported(at.child('reason'), reason, reasons));
  if (fieldPath !== undefined && !leads(schema, fieldPath))
    errors.push(fieldInvalid(at.child('fieldPath'), fieldPath, 'fieldPath must be a valid path'));
  return errors;
}

/** Whether `.a.b` or `['a']` leads to a value the schema knows. */
function leads(schema: Schema, fieldPath: string): boolean {
  const steps = [...fieldPath.matchAll(/\.([A-Za-z_][\w-]*)|\['([^']*)'\]/gy)];
  if (fieldPath === '' || steps.reduce((sum, [all]) => sum + all.length, 0) !== fieldPath.length) return false;
  let here: Schema | undefined = schema;
  for (const [, dotted, quoted] of steps) {
    const { properties = {}, additionalProperties }: Schema = here ?? {};
    const name = dotted ?? quoted ?? '';
    here = Object.hasOwn(properties, name) ? properties[name] : typeof additionalProperties === 'object' ? additionalProperties : undefined;
    if (!here) return false;
  }
  return true;
}

function oldErrors({ rule, usesOld }: CompiledRule, { uncorrelated }: Place, at: FieldPath): FieldError[] {
  if (uncorrelated && usesOld) {
    const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`;
    return [fieldInvalid(at.child('rule'), rule.rule, why)];
  }
  if (rule.optionalOldSelf === undefined || usesOld) return [];
  return [fieldInvalid(at.child('optionalOldSelf'), rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule')];
}

interface Expressions {
  readonly self: Declared | undefined;
  readonly count: number | undefined;
  readonly total: Total;
}

function expressionErrors({ rule, test, message }: CompiledRule, expressions: Expressions, at: FieldPath): FieldError[] {
  return [
    ...compiledErrors(test, 'estimated rule cost', rule.rule, at.child('rule'), expressions),
    ...(message
      ? compiledErrors(
          message,
          'estimated messageExpression cost',
          rule.messageExpression ?? '',
          at.child('messageExpression'),
          expressions,
        )
      : []),
  ];
}

function compiledErrors(
  compiled: Compiled,
  what: string,
  source: string,
  at: FieldPath,
  { self, count, total }: Expressions,
): FieldError[] {
  if (compiled.type === 'problem') return [fieldInvalid(at, source, compiled.why)];
  const cost = Math.min(compiled.program.estimate().max * (count ?? (self ? cardinality(self) : 1)), 2 ** 64);
  total.cost += cost;
  if (cost >= schemaLimit / 100) total.dearest.push({ at, cost });
  return cost > ruleLimit ? [fieldForbidden(at, tooDear(what, cost, ruleLimit))] : [];
}

function tooDear(what: string, cost: number, limit: number): string {
  const times = cost / limit;
  const factor = times > 100 ? 'more than 100x' : times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`;
  const advice = 'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared';
  return `${what} exceeds budget by factor of ${factor} (${advice})`;
}
