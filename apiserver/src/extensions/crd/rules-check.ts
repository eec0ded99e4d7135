import { cardinality, type Declared, sizesOf } from '@keelson/cel';
import { type FieldError, type FieldPath, fieldForbidden, fieldInternalError, fieldInvalid } from '@keelson/machinery';
import { ruleForm } from './internal-form.ts';
import { type Compiled, type CompiledRule, compiledRules } from './rules-compile.ts';
import type { Schema } from './schema.ts';
import { openApiErrors } from './schema-checks.ts';

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
  return [...childErrors(schema, place, total), ...ownErrors(schema, place, total)];
}

function childErrors(schema: Schema, place: Place, total: Total): FieldError[] {
  const { properties = {}, additionalProperties, items } = schema;
  const { at, count, uncorrelated } = place;
  const errors: FieldError[] = [];
  if (typeof additionalProperties === 'object') {
    const inside = { at: at.child('additionalProperties'), root: false, count: times(count, schema.maxProperties), uncorrelated };
    errors.push(...nodeErrors(additionalProperties, inside, total));
  }
  for (const [name, member] of Object.entries(properties))
    errors.push(...nodeErrors(member, { at: at.child('properties').key(name), root: false, count, uncorrelated }, total));
  if (items) {
    const keyed = schema['x-kubernetes-list-type'] === 'map';
    const inside = {
      at: at.child('items'),
      root: false,
      count: times(count, schema.maxItems),
      uncorrelated: keyed ? uncorrelated : (uncorrelated ?? at),
    };
    errors.push(...nodeErrors(items, inside, total));
  }
  return errors;
}

function times(count: number | undefined, most: number | undefined): number | undefined {
  return count === undefined || most === undefined ? undefined : count * most;
}

function ownErrors(schema: Schema, place: Place, total: Total): FieldError[] {
  const where = place.at.child('x-kubernetes-validations');
  if (!schema['x-kubernetes-validations']?.length || openApiErrors(schema, place.at, {}).length > 0) return [];
  const { rules, self } = compiledRules(schema, place.root);
  if (!self) return [fieldInternalError(where, typeless)];
  const expressions = { self, count: place.count, total };
  return rules.flatMap((compiled, index) => {
    const at = where.index(index);
    return [...expressionErrors(compiled, expressions, at), ...oldErrors(compiled, place, at)];
  });
}

const typeless =
  'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations';

function oldErrors({ rule, usesOld }: CompiledRule, { uncorrelated }: Place, at: FieldPath): FieldError[] {
  if (uncorrelated && usesOld) {
    const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`;
    return [fieldInvalid(at.child('rule'), rule.rule, why)];
  }
  if (rule.optionalOldSelf === undefined || usesOld) return [];
  return [fieldInvalid(at.child('optionalOldSelf'), rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule')];
}

interface Expressions {
  readonly self: Declared;
  readonly count: number | undefined;
  readonly total: Total;
}

/** What a message may cost is not counted by how many values there are. */
function expressionErrors({ rule, test, message }: CompiledRule, { self, count, total }: Expressions, at: FieldPath): FieldError[] {
  const check = (compiled: Compiled, what: string, where: FieldPath, times: number): FieldError[] => {
    if (compiled.type === 'problem') return [fieldInvalid(where, ruleForm(rule), compiled.why)];
    const cost = Math.min(compiled.program.estimate(sizesOf(self.type)).max * times, 2 ** 64);
    total.cost += cost;
    if (cost >= schemaLimit / 100) total.dearest.push({ at: where, cost });
    return cost > ruleLimit ? [fieldForbidden(where, tooDear(what, cost, ruleLimit))] : [];
  };
  return [
    ...check(test, 'estimated rule cost', at.child('rule'), count ?? cardinality(self)),
    ...(message ? check(messageOf(message), 'estimated messageExpression cost', at.child('messageExpression'), 1) : []),
  ];
}

function messageOf(message: Compiled): Compiled {
  const why = message.type === 'problem' ? message.why.replace(/^compilation failed/, 'messageExpression compilation failed') : '';
  return why === '' ? message : { type: 'problem', why };
}

function tooDear(what: string, cost: number, limit: number): string {
  const times = cost / limit;
  const factor = times > 100 ? 'more than 100x' : times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`;
  const advice = 'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared';
  return `${what} exceeds budget by factor of ${factor} (${advice})`;
}
