import type { DeclaredSchema } from '@keelson/cel';

export interface Question {
  readonly Expression: string;
  readonly Variables: Readonly<Record<string, Variable>>;
  readonly New?: boolean;
}

/** Of any type when it has no schema. */
export interface Variable {
  readonly Schema?: DeclaredSchema;
  readonly Value?: unknown;
}

const integer = { type: 'integer' };
const text = { type: 'string' };
const pair = { type: 'object', properties: { x: integer, y: { ...text, maxLength: 5 } } };

const schema: DeclaredSchema = {
  type: 'object',
  required: ['i', 's'],
  properties: {
    i: integer,
    n: { type: 'number' },
    b: { type: 'boolean' },
    s: { ...text, maxLength: 10 },
    long: text,
    when: { ...text, format: 'date-time' },
    took: { ...text, format: 'duration' },
    raw: { ...text, format: 'byte' },
    li: { type: 'array', items: integer, maxItems: 5 },
    ls: { type: 'array', items: { ...text, maxLength: 8 } },
    set: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
    m: { type: 'object', additionalProperties: integer },
    ms: { type: 'object', additionalProperties: { ...text, maxLength: 4 }, maxProperties: 3 },
    o: pair,
    lo: { type: 'array', items: pair, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['x'] },
    either: { 'x-kubernetes-int-or-string': true },
    none: pair,
  },
};

const value = {
  i: 3,
  n: 1.5,
  b: true,
  s: 'héllo',
  long: 'a b,c',
  when: '2026-02-03T04:05:06.789Z',
  took: '1h2m3.5s',
  raw: 'AGHh',
  li: [3, 1, 2],
  ls: ['b', 'a', ''],
  set: ['x', 'y'],
  m: { one: 1, two: 2 },
  ms: { a: 'z' },
  o: { x: 7, y: 'why' },
  lo: [
    { x: 1, y: 'a' },
    { x: 2, y: 'b' },
  ],
  either: '50%',
};

/** What random expressions may name: `self` is typed, `d` of any type. */
export const variables: Question['Variables'] = { self: { Schema: schema, Value: value }, d: { Value: { ...value, nothing: null } } };
