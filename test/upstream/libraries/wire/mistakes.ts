import type { Random } from '@keelson/base';
import type { KindName } from './ours.ts';

/** The JSON of an object with something in it that its type does not take, or that stands there twice or under another name. */
export interface Mistake {
  readonly kind: KindName;
  readonly text: string;
}

/** JSON that is put where something else stood. */
const values = [
  ...['null', 'true', 'false', '0', '1', '-1', '1.5', '1.0', '1e3', '2147483648', '-2147483649', '12345678901234567890', '1e400', '[]'],
  ...[
    '{}',
    '[1]',
    '[null]',
    '[{}]',
    '{"a":1}',
    '{"a":null}',
    '{"a":"b"}',
    '["a"]',
    '""',
    '"a"',
    '"1"',
    '"1.500"',
    '" 5 "',
    '"YQ=="',
    '"YQ"',
  ],
  ...['"2020-01-01T00:00:00Z"', '"2020-01-01T00:00:00.123456789+02:00"', '"2020-13-01T00:00:00Z"', '"25%"', '"é\\u0000"'],
];

const placeholder = '@@here@@';

type Place = readonly (string | number)[];

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random.next() * from.length)] as T;
}

/** Every place below an object, but what says what it is. */
function placesOf(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries = Array.isArray(value) ? value.map((inner, i) => [i, inner] as const) : Object.entries(value);
  return entries
    .filter(([name]) => at.length > 0 || (name !== 'kind' && name !== 'apiVersion'))
    .flatMap(([name, inner]) => [[...at, name], ...placesOf(inner, [...at, name])]);
}

/** A copy in which something else stands there. */
function withAt(value: unknown, [step, ...rest]: Place, made: unknown): unknown {
  if (step === undefined) return made;
  if (Array.isArray(value)) return value.map((inner, i) => (i === step ? withAt(inner, rest, made) : inner));
  return Object.fromEntries(Object.entries(value as object).map(([key, inner]) => [key, key === step ? withAt(inner, rest, made) : inner]));
}

function valueAt(value: unknown, place: Place): unknown {
  return place.reduce<unknown>((inner, step) => (inner as Readonly<Record<string | number, unknown>>)[step], value);
}

function withText(object: unknown, place: Place, text: string): string {
  return JSON.stringify(withAt(object, place, placeholder)).replace(JSON.stringify(placeholder), () => text);
}

/** What stands at a place instead: another value, or a second one under the same name or one much like it. */
function spoilt(object: unknown, place: Place, random: Random): string {
  const name = place.at(-1);
  const [own, other] = [JSON.stringify(valueAt(object, place)), pick(random, values)];
  if (random.next() < 0.15) return 'null';
  if (typeof name !== 'string' || random.next() < 0.6) return other;
  const alike = pick(random, [name, name.toUpperCase(), `${name[0]?.toUpperCase()}${name.slice(1)}`, `${name}x`, `x.${name}`]);
  return random.next() < 0.5 ? `${own},${JSON.stringify(alike)}:${other}` : `${other},${JSON.stringify(alike)}:${own}`;
}

/** Seeded ones, each with one mistake. @param objects whole ones to make them of */
export function mistakes(objects: readonly (readonly [KindName, unknown])[], random: Random, cases: number): readonly Mistake[] {
  return Array.from({ length: cases }, () => {
    const [kind, object] = pick(random, objects);
    const place = pick(random, placesOf(object));
    return { kind, text: withText(object, place, spoilt(object, place, random)) };
  });
}
