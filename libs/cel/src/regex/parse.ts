/** A regular expression in RE2's syntax, read. */
export type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'char'; readonly test: (point: number) => boolean }
  | { readonly kind: 'assert'; readonly test: Assertion }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly of: Node; readonly min: number; readonly max: number; readonly lazy: boolean };

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word' | 'no-word';

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly U: boolean;
}

const noFlags: Flags = { i: false, m: false, s: false, U: false };
/** RE2's own bound. */
const mostRepeats = 1000;
const deepest = 1000;

/** @throws Error in Go's words, for what RE2 does not know: look-around and back-references among it. */
export function parsePattern(pattern: string): Node {
  return new Reader(pattern).whole();
}

class Reader {
  readonly #pattern: string;
  readonly #points: readonly string[];
  #next = 0;
  #flags = noFlags;
  #depth = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#points = [...pattern];
  }

  whole(): Node {
    const node = this.#choice();
    if (this.#next < this.#points.length) throw this.#problem('unexpected )', this.#pattern);
    return node;
  }

  #choice(): Node {
    if (++this.#depth > deepest) throw this.#problem('expression nests too deeply', this.#pattern);
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    this.#depth--;
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'choice', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    for (let char = this.#peek(); char !== undefined && char !== '|' && char !== ')'; char = this.#peek()) {
      const atom = this.#atom();
      if (atom) parts.push(this.#repeated(atom));
    }
    return { kind: 'sequence', parts };
  }

  #atom(): Node | undefined {
    const char = this.#points[this.#next++] as string;
    const { i, m, s } = this.#flags;
    if (char === '(') return this.#group();
    if (char === '[') return { kind: 'char', test: folded(this.#class(), i) };
    if (char === '.') return { kind: 'char', test: s ? () => true : (point) => point !== 10 };
    if (char === '^') return { kind: 'assert', test: m ? 'line-start' : 'text-start' };
    if (char === '$') return { kind: 'assert', test: m ? 'line-end' : 'text-end' };
    if ('*+?'.includes(char)) throw this.#problem('missing argument to repetition operator', char);
    return char === '\\' ? this.#escaped() : literal(char, i);
  }

  #group(): Node | undefined {
    const before = this.#flags;
    if (this.#take('?')) {
      const rest = this.#points.slice(this.#next).join('');
      const named = /^P?<([A-Za-z0-9_]+)>/.exec(rest);
      const flags = named ? undefined : /^([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest);
      if (!named && !flags) throw this.#problem('invalid or unsupported Perl syntax', `(?${rest.slice(0, 1)}`);
      this.#next += [...((named ?? flags)?.[0] ?? '')].length;
      if (flags) {
        const [, on = '', off = '', end] = flags;
        this.#flags = { ...before, ...flagsOf(on, true), ...flagsOf(off, false) };
        if (end === ')') return undefined;
      }
    }
    const inner = this.#choice();
    if (!this.#take(')')) throw this.#problem('missing closing )', this.#pattern);
    this.#flags = before;
    return inner;
  }

  #repeated(atom: Node): Node {
    let node = atom;
    for (let bounds = this.#bounds(), times = 0; bounds; bounds = this.#bounds(), times++) {
      if (times > 0) throw this.#problem('invalid nested repetition operator', this.#points.slice(this.#next - 2, this.#next).join(''));
      const lazy = this.#take('?') !== this.#flags.U;
      const [min, max] = bounds;
      if (min > mostRepeats || (max !== Infinity && max > mostRepeats) || max < min)
        throw this.#problem('invalid repeat count', `{${min},${max}}`);
      node = { kind: 'repeat', of: node, min, max, lazy };
    }
    return node;
  }

  #bounds(): readonly [number, number] | undefined {
    if (this.#take('*')) return [0, Infinity];
    if (this.#take('+')) return [1, Infinity];
    if (this.#take('?')) return [0, 1];
    if (this.#peek() !== '{') return undefined;
    const [all, min, comma, max] = /^\{(\d+)(,)?(\d*)\}/.exec(this.#points.slice(this.#next, this.#next + 12).join('')) ?? [];
    if (all === undefined || (comma === undefined && max)) return undefined;
    this.#next += all.length;
    const least = Number(min);
    return [least, comma === undefined ? least : max ? Number(max) : Infinity];
  }

  #escaped(): Node {
    const char = this.#points[this.#next];
    if (char === undefined) throw this.#problem('trailing backslash at end of expression', '');
    const assertion = assertions[char];
    if (assertion) {
      this.#next++;
      return { kind: 'assert', test: assertion };
    }
    if (char === 'Q') {
      const quoted = /^Q(.*?)(?:\\E|$)/s.exec(this.#points.slice(this.#next).join(''));
      this.#next += [...(quoted?.[0] ?? '')].length;
      return { kind: 'sequence', parts: [...(quoted?.[1] ?? '')].map((one) => literal(one, this.#flags.i)) };
    }
    const set = this.#set();
    if (set) return { kind: 'char', test: folded(set, this.#flags.i) };
    return literal(String.fromCodePoint(this.#point()), this.#flags.i);
  }

  /** After a backslash: `\d`, `\pL`, `\p{Greek}` and their opposites. */
  #set(): ((point: number) => boolean) | undefined {
    const char = this.#peek() ?? '';
    const known = sets[char.toLowerCase()];
    if (known && !/[pP]/.test(char)) {
      this.#next++;
      return char === char.toLowerCase() ? known : (point) => !known(point);
    }
    if (!/[pP]/.test(char)) return undefined;
    const [all, single, named] = /^[pP](?:([A-Z])|\{(\^?[A-Za-z_]+)\})/.exec(this.#points.slice(this.#next).join('')) ?? [];
    const name = single ?? named ?? '';
    const test = all === undefined ? undefined : property(name.replace('^', ''));
    if (!all || !test) throw this.#problem('invalid character class range', `\\${all ?? char}`);
    this.#next += all.length;
    const opposite = (char === 'P') !== name.startsWith('^');
    return opposite ? (point) => !test(point) : test;
  }

  /** After a backslash: one character. */
  #point(): number {
    const rest = this.#points.slice(this.#next, this.#next + 12).join('');
    const [all, braced, hex, octal, named] = /^(?:x\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|([0-7]{3}|0[0-7]?)|([afnrtv]))/.exec(rest) ?? [];
    if (all !== undefined) {
      this.#next += all.length;
      const point = named ? (controls[named] ?? 0) : octal ? Number.parseInt(octal, 8) : Number.parseInt(braced ?? hex ?? '', 16);
      if (point <= 0x10ffff) return point;
    }
    const char = this.#points[this.#next++] ?? '';
    if (/[A-Za-z0-9]/.test(char) || char === '') throw this.#problem('invalid escape sequence', `\\${char}`);
    return char.codePointAt(0) ?? 0;
  }

  #class(): (point: number) => boolean {
    const opposite = this.#take('^');
    const tests: ((point: number) => boolean)[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#peek() === undefined) throw this.#problem('missing closing ]', this.#pattern);
      tests.push(this.#classPart());
    }
    this.#next++;
    const any = (point: number): boolean => tests.some((test) => test(point));
    return opposite ? (point) => !any(point) : any;
  }

  #classPart(): (point: number) => boolean {
    const [all, not, name = ''] = /^\[:(\^?)(\w+):\]/.exec(this.#points.slice(this.#next, this.#next + 12).join('')) ?? [];
    if (all !== undefined) {
      const known = posix[name];
      if (!known) throw this.#problem('invalid character class range', all);
      this.#next += all.length;
      return not ? (point) => !known(point) : known;
    }
    if (this.#take('\\')) {
      const set = this.#set();
      if (set) return set;
      this.#next--;
    }
    const low = this.#classPoint();
    if (this.#peek() !== '-' || this.#points[this.#next + 1] === ']') return (point) => point === low;
    this.#next++;
    const high = this.#classPoint();
    if (high < low) throw this.#problem('invalid character class range', `${String.fromCodePoint(low)}-${String.fromCodePoint(high)}`);
    return (point) => point >= low && point <= high;
  }

  #classPoint(): number {
    if (this.#take('\\')) return this.#point();
    return (this.#points[this.#next++] ?? '').codePointAt(0) ?? 0;
  }

  #peek(): string | undefined {
    return this.#points[this.#next];
  }

  #take(char: string): boolean {
    if (this.#points[this.#next] !== char) return false;
    this.#next++;
    return true;
  }

  #problem(what: string, where: string): Error {
    return new Error(`error parsing regexp: ${what}: \`${where}\``);
  }
}

const assertions: Readonly<Record<string, Assertion>> = { A: 'text-start', z: 'text-end', b: 'word', B: 'no-word' };
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

function flagsOf(letters: string, value: boolean): Partial<Flags> {
  return Object.fromEntries([...letters].map((letter) => [letter, value]));
}

function literal(char: string, ignoreCase: boolean): Node {
  const wanted = char.codePointAt(0);
  return { kind: 'char', test: folded((point) => point === wanted, ignoreCase) };
}

function folded(test: (point: number) => boolean, ignoreCase: boolean): (point: number) => boolean {
  if (!ignoreCase) return test;
  const of = (text: string): number => text.codePointAt(0) ?? 0;
  return (point) => {
    const char = String.fromCodePoint(point);
    return test(point) || test(of(char.toLowerCase())) || test(of(char.toUpperCase()));
  };
}

const within =
  (...ranges: readonly (readonly [number, number])[]) =>
  (point: number): boolean =>
    ranges.some(([low, high]) => point >= low && point <= high);

const digit = within([48, 57]);
const upper = within([65, 90]);
const lower = within([97, 122]);
export const isWord: (point: number) => boolean = within([48, 57], [65, 90], [95, 95], [97, 122]);
const space = within([9, 10], [12, 13], [32, 32]);

const sets: Readonly<Record<string, (point: number) => boolean>> = { d: digit, w: isWord, s: space };
const posix: Readonly<Record<string, (point: number) => boolean>> = {
  ...{ digit, upper, lower, word: isWord },
  alnum: within([48, 57], [65, 90], [97, 122]),
  alpha: within([65, 90], [97, 122]),
  ascii: within([0, 127]),
  blank: within([9, 9], [32, 32]),
  cntrl: within([0, 31], [127, 127]),
  graph: within([33, 126]),
  print: within([32, 126]),
  punct: within([33, 47], [58, 64], [91, 96], [123, 126]),
  space: within([9, 13], [32, 32]),
  xdigit: within([48, 57], [65, 70], [97, 102]),
};

/** A Unicode category or script. */
function property(name: string): ((point: number) => boolean) | undefined {
  for (const source of [`\\p{${name}}`, `\\p{Script=${name}}`]) {
    try {
      const one = new RegExp(`^${source}$`, 'u');
      return (point) => one.test(String.fromCodePoint(point));
    } catch {
      // No category of this name; perhaps a script.
    }
  }
  return undefined;
}
