/** A step of a path, or a piece of output. */
export type PathNode =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'constant'; readonly value: number | boolean }
  | { readonly type: 'identifier'; readonly name: string }
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'wildcard' }
  | { readonly type: 'recursive' }
  | { readonly type: 'slice'; readonly start: number | undefined; readonly end: number | undefined; readonly step: number | undefined }
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'union'; readonly members: readonly Steps[] }
  | { readonly type: 'filter'; readonly left: Steps; readonly operator: string; readonly right: Steps };

export type Steps = readonly PathNode[];

/** A template's pieces: literal text and the steps of each `{…}`. */
export type Piece = string | Steps;

/** @throws Error with upstream's words. */
export function parsePieces(template: string): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < template.length; ) {
    const open = template.indexOf('{', at);
    if (open !== at) pieces.push(template.slice(at, open < 0 ? undefined : open));
    if (open < 0) break;
    const parser = new ActionParser(template, open + 1);
    pieces.push(parser.parse());
    at = parser.position;
  }
  return pieces;
}

function parseAction(text: string): Steps {
  return new ActionParser(`{${text}}`, 1).parse();
}

class ActionParser {
  readonly #input: string;
  readonly #nodes: PathNode[] = [];
  position: number;

  constructor(input: string, position: number) {
    this.#input = input;
    this.position = position;
  }

  /** Steps up to the closing brace, which is taken. */
  parse(): Steps {
    for (;;) {
      const rest = this.#input.slice(this.position);
      const [first] = rest;
      if (first === '}') {
        this.position++;
        return this.#nodes;
      }
      if (first === undefined || first === '\n' || first === '\r') throw new Error('unclosed action');
      if (first === ' ' || first === '@' || first === '$') this.position++;
      else if (rest.startsWith('[?(')) this.#filter();
      else if (first === '[') this.#array();
      else if (rest.startsWith('..')) this.#recursive();
      else if (first === '.') this.#field(1);
      else if (first === '"' || first === "'") this.#quoted(first);
      else if (/^[+\-\p{Nd}]/u.test(rest)) this.#number();
      else if (/^[_\p{L}]/u.test(rest)) this.#word();
      else throw new Error(`unrecognized character in action: ${goCharacter(rest)}`);
    }
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    const sticky = new RegExp(pattern.source, `${pattern.flags}y`);
    sticky.lastIndex = this.position;
    const match = sticky.exec(this.#input);
    if (match) this.position = sticky.lastIndex;
    return match;
  }

  #word(): void {
    const name = this.#take(/[^ \t\r\n.,[\]$@{}]+/)?.[0] ?? '';
    this.#nodes.push(name === 'true' || name === 'false' ? { type: 'constant', value: name === 'true' } : { type: 'identifier', name });
  }

  #number(): void {
    const text = this.#take(/[+-]?[.\p{Nd}]*/u)?.[0] ?? '';
    const value = Number(text);
    if (!/[0-9]/.test(text) || Number.isNaN(value)) throw new Error(`cannot parse number ${text}`);
    this.#nodes.push({ type: 'constant', value });
  }

  #recursive(): void {
    if (this.#nodes.at(-1)?.type === 'recursive') throw new Error('invalid multiple recursive descent');
    this.#nodes.push({ type: 'recursive' });
    this.position += 2;
    if (/^[_\p{L}\p{Nd}]/u.test(this.#input.slice(this.position))) this.#field(0);
  }

  /** @param skip characters before the name. */
  #field(skip: number): void {
    this.position += skip;
    const name = this.#take(/(?:\\.|[^\\ \t\r\n.,[\]$@{}])*/s)?.[0] ?? '';
    if (name === '*') this.#nodes.push({ type: 'wildcard' });
    else if (name !== '') this.#nodes.push({ type: 'field', name: name.replaceAll('\\', '') });
  }

  #quoted(quote: string): void {
    const match = this.#take(quote === '"' ? /"((?:\\.|[^"\\\n])*)"/ : /'((?:\\.|[^'\\\n])*)'/);
    if (!match) throw new Error('unterminated quoted string');
    this.#nodes.push({ type: 'text', text: unquote(match[1] ?? '', match[0]) });
  }

  #array(): void {
    const match = this.#take(/\[([^\]\n]*)\]/);
    if (!match) throw new Error('unterminated array');
    const text = match[1] ?? '';
    const parts = text.split(',');
    if (parts.length > 1) {
      this.#nodes.push({ type: 'union', members: parts.map((part) => parseAction(`[${part.replace(/^ +| +$/g, '')}]`)) });
      return;
    }
    const key = /^'([^']*)'$/.exec(text)?.[1];
    if (key === undefined) this.#nodes.push(subscript(text));
    else this.#nodes.push(...parseAction(`.${key}`));
  }

  #filter(): void {
    this.position += 3;
    const match = this.#take(/((?:[^"')\n]|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')*)\)/);
    if (!match) throw new Error('unterminated filter');
    if (this.#input[this.position++] !== ']') throw new Error('unclosed array expect ]');
    const [, left, operator, right] = /^([^!<>=]+)([!<>=]+)(.+?)$/s.exec(match[1] ?? '') ?? [];
    if (left === undefined || operator === undefined || right === undefined) {
      this.#nodes.push({ type: 'filter', left: parseAction(match[1] ?? ''), operator: 'exists', right: [] });
    } else {
      this.#nodes.push({ type: 'filter', left: parseAction(left), operator, right: parseAction(right) });
    }
  }
}

function subscript(text: string): PathNode {
  if (text === '*') return { type: 'slice', start: undefined, end: undefined, step: undefined };
  const match = /^(-?[\d]*)(:-?[\d]*)?(:-?[\d]*)?$/.exec(text);
  if (!match || (match[1] === '' && match[2] === undefined)) throw new Error(`invalid array index ${text}`);
  const [start, end, step] = [match[1], match[2]?.slice(1), match[3]?.slice(1)].map((part) => (part ? integer(part) : undefined));
  return match[2] === undefined ? { type: 'index', index: start ?? 0 } : { type: 'slice', start, end, step };
}

function integer(text: string): number {
  if (text === '-') throw new Error('array index - is not a number');
  return Number(text);
}

const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

function unquote(text: string, whole: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs, (_, x, u, long, octal, letter) => {
    const hex: string | undefined = x ?? u ?? long;
    const code = hex !== undefined ? Number.parseInt(hex, 16) : octal !== undefined ? Number.parseInt(octal, 8) : undefined;
    const character = code === undefined ? escapes[letter] : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
    if (character === undefined) throw new Error(`unquote string ${whole} error invalid syntax`);
    return character;
  });
}

/** As Go's `%#U`. */
function goCharacter(text: string): string {
  const code = text.codePointAt(0) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${String.fromCodePoint(code)}'`;
}
