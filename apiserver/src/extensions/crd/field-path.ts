import type { Schema } from './schema.ts';

/** Where a path leads. */
export interface Followed {
  readonly schema: Schema;
  /** As fields are told: names after dots, and those of elements of maps in brackets. */
  readonly path: string;
}

/**
 * The schema of the member that a path like `.spec.host` or `.spec['host']` leads to, or why there is none. Maps have members of any name.
 * @param brackets whether names may stand in brackets.
 */
export function followPath(schema: Schema, path: string, brackets: boolean): Followed | string {
  let here: Followed = { schema, path: '' };
  const tokens = tokensOf(path);
  for (let at = 0; at < tokens.length; ) {
    const step = stepAt(tokens, at, brackets);
    if (typeof step === 'string') return step;
    const below = memberOf(here, step.name);
    if (!below) return 'does not refer to a valid field';
    if (step.unclosed) return step.unclosed;
    here = below;
    at = step.next;
  }
  return here;
}

/** Dots and brackets, texts in single quotes, and what is between them. */
function tokensOf(path: string): readonly string[] {
  return path.match(/[.[\]]|'(?:[^']|(?<=\\)')*(?:'|$)|[^.[\]']+[^.[\]]*/gs) ?? [];
}

interface Step {
  readonly name: string;
  readonly next: number;
  /** What is wrong after the name. */
  readonly unclosed?: string | undefined;
}

/** Letters that stand for what cannot be written. */
const escapes: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

const ended = 'unexpected end of JSON path';

function stepAt(tokens: readonly string[], at: number, brackets: boolean): Step | string {
  const [token = '', name, close] = tokens.slice(at, at + 3);
  if (token !== '.' && token !== '[') return `expected [ or . but got: ${token}`;
  if (token === '[' && !brackets) return 'array notation is not allowed';
  if (name === undefined) return ended;
  if (token === '.') return { name, next: at + 2 };
  if (!/^'.*'$/s.test(name) || name.length < 2) return `expected single quoted string but got ${name}`;
  const unclosed = close === undefined ? ended : close === ']' ? undefined : `expected ] but got ${close}`;
  return { name: name.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter), next: at + 3, unclosed };
}

function memberOf({ schema, path }: Followed, name: string): Followed | undefined {
  const { properties = {}, additionalProperties: others } = schema;
  if (Object.keys(properties).length > 0) {
    const member = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return member && { schema: member, path: `${path}.${name}` };
  }
  return others === undefined ? undefined : { schema: typeof others === 'object' ? others : {}, path: `${path}[${name}]` };
}
