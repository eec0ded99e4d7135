import { goQuote } from '@keelson/machinery';

/** What may come next in JSON, in the words Go's scanner has for the place when something else does. */
type Place =
  | 'after array element'
  | 'after object key'
  | 'after object key:value pair'
  | 'after top-level value'
  | 'looking for beginning of object key string'
  | 'looking for beginning of value';

const deepest = 10_000;

/** Why a text is no JSON, as Go's encoding/json tells it: `invalid character 'x' after array element`, `unexpected end of JSON input`. */
export function goJsonFault(text: Buffer): string {
  try {
    new Scanner(text).scan();
    return 'unexpected end of JSON input';
  } catch (error) {
    return (error as Error).message;
  }
}

class Scanner {
  /** A character a byte, as Go goes over it, and the space that stands for the end. */
  readonly #text: string;
  /** The closing brackets that are awaited. */
  readonly #open: ('}' | ']')[] = [];
  #at = 0;

  constructor(text: Buffer) {
    this.#text = `${text.toString('latin1')} `;
  }

  /** Ends where the text does. @throws Error at what cannot stand there. */
  scan(): void {
    for (let place: Place | undefined = 'looking for beginning of value'; place; ) {
      this.#take(/[ \t\r\n]*/y);
      if (this.#at >= this.#text.length) return;
      place = this.#step(place, this.#text[this.#at] ?? '');
    }
  }

  #step(place: Place, character: string): Place {
    if (place === 'looking for beginning of value') return this.#value(character);
    if (place === 'looking for beginning of object key string' && character === '"') {
      this.#string();
      return 'after object key';
    }
    this.#at++;
    if (place === 'after object key' && character === ':') return 'looking for beginning of value';
    if (place === 'after object key:value pair' && character === ',') return 'looking for beginning of object key string';
    if (place === 'after array element' && character === ',') return 'looking for beginning of value';
    if (place.startsWith('after') && place !== 'after object key' && character === this.#open.at(-1)) return this.#closed();
    this.#at--;
    throw this.#unexpected(place);
  }

  #value(character: string): Place {
    if (character === '{' || character === '[') return this.#opened(character);
    if (character === '"') this.#string();
    else if (/[-0-9]/.test(character)) this.#number();
    else this.#word(words[character]);
    return this.#after();
  }

  #opened(bracket: '[' | '{'): Place {
    if (this.#open.push(bracket === '{' ? '}' : ']') > deepest) throw this.#unexpected('exceeded max depth');
    this.#at++;
    this.#take(/[ \t\r\n]*/y);
    if (this.#text[this.#at] !== this.#open.at(-1))
      return bracket === '{' ? 'looking for beginning of object key string' : 'looking for beginning of value';
    this.#at++;
    return this.#closed();
  }

  #closed(): Place {
    this.#open.pop();
    return this.#after();
  }

  #after(): Place {
    const awaited = this.#open.at(-1);
    if (awaited === undefined) return 'after top-level value';
    return awaited === '}' ? 'after object key:value pair' : 'after array element';
  }

  #string(): void {
    this.#take(/"(?:[ !#-[\]-\xff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y);
    if (this.#take(/"/y) || this.#at >= this.#text.length) return;
    if (this.#take(/\\u[0-9a-fA-F]*/y)) throw this.#unexpected('in \\u hexadecimal character escape');
    throw this.#unexpected(this.#take(/\\/y) ? 'in string escape code' : 'in string literal');
  }

  #number(): void {
    this.#take(/-?/y);
    if (!this.#take(/0|[1-9][0-9]*/y)) throw this.#unexpected('in numeric literal');
    if (this.#take(/\./y) && !this.#take(/[0-9]+/y)) throw this.#unexpected('after decimal point in numeric literal');
    if (this.#take(/[eE][+-]?/y) && !this.#take(/[0-9]+/y)) throw this.#unexpected('in exponent of numeric literal');
  }

  #word(word: string | undefined): void {
    if (word === undefined) throw this.#unexpected('looking for beginning of value');
    for (const letter of word) {
      if (this.#text[this.#at] !== letter) throw this.#unexpected(`in literal ${word} (expecting '${letter}')`);
      this.#at++;
    }
  }

  /** Goes past what matches here. @returns whether anything did. */
  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    return found !== '';
  }

  #unexpected(place: string): Error {
    const character = this.#text[this.#at];
    if (character === undefined) return new Error('unexpected end of JSON input');
    const shown = character === "'" ? "\\'" : character === '"' ? '"' : goQuote(character).slice(1, -1);
    return new Error(`invalid character '${shown}' ${place}`);
  }
}

const words: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };
