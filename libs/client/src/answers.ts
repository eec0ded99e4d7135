/** One whole answer, as it came over a connection. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; values of a name that came more than once are joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether the server says that nothing comes after it. */
  readonly last: boolean;
}

type Head = Omit<Answer, 'body'>;

/** What of a body is still to come: so many bytes; a chunk with the line's end after it; the line that says how long the next chunk is; the lines after the last. */
type Rest = { readonly type: 'length' | 'chunk'; readonly left: number } | { readonly type: 'size' | 'trailer' };

/** Bytes of an answer's head, and of a line within a chunked body, beyond which nothing good can follow. */
const longestHead = 1024 * 1024;

const lineEnd = '\r\n';

/** Cuts what comes over a connection into answers of HTTP/1.1, in order. Bytes may come in any pieces. */
export class AnswerReader {
  #kept: Buffer = Buffer.alloc(0);
  #head: Head | undefined;
  #rest: Rest = { type: 'size' };
  #body: Buffer[] = [];

  /** @returns the answers that these bytes complete. @throws Error when they are none of HTTP/1.1, or of a length that is not told. */
  take(bytes: Buffer): Answer[] {
    this.#kept = this.#kept.length > 0 ? Buffer.concat([this.#kept, bytes]) : bytes;
    const whole: Answer[] = [];
    for (let going = true; going; ) {
      if (!this.#head) going = this.#readHead();
      else if (this.#isWhole()) whole.push(this.#finish(this.#head));
      else going = this.#readBody();
    }
    if (this.#kept.length > longestHead) throw new Error('malformed HTTP response: a head or a line of it does not end');
    return whole;
  }

  /** @returns whether there was one. */
  #readHead(): boolean {
    const end = this.#kept.indexOf(lineEnd + lineEnd);
    if (end < 0) return false;
    const head = parseHead(this.#kept.toString('latin1', 0, end));
    this.#drop(end + 4);
    // 1xx only announces.
    if (head.status < 200) return true;
    this.#head = head;
    this.#rest = bodyOf(head);
    return true;
  }

  #isWhole(): boolean {
    return this.#rest.type === 'length' && this.#rest.left === 0;
  }

  #finish(head: Head): Answer {
    const [first] = this.#body;
    const body = first && this.#body.length === 1 ? first : Buffer.concat(this.#body);
    this.#head = undefined;
    this.#body = [];
    return { ...head, body };
  }

  /** @returns whether it came further. */
  #readBody(): boolean {
    const rest = this.#rest;
    if (rest.type === 'length' || rest.type === 'chunk') return this.#readPiece(rest);
    const end = this.#kept.indexOf(lineEnd);
    if (end < 0) return false;
    const line = this.#kept.toString('latin1', 0, end);
    this.#drop(end + lineEnd.length);
    if (rest.type === 'size') this.#rest = chunkOf(line);
    else if (line === '') this.#rest = { type: 'length', left: 0 };
    return true;
  }

  #readPiece(rest: Extract<Rest, { left: number }>): boolean {
    if (rest.left > 0) {
      const piece = this.#kept.subarray(0, rest.left);
      if (piece.length === 0) return false;
      this.#body.push(piece);
      this.#drop(piece.length);
      this.#rest = { ...rest, left: rest.left - piece.length };
      return true;
    }
    if (this.#kept.length < lineEnd.length) return false;
    this.#drop(lineEnd.length);
    this.#rest = { type: 'size' };
    return true;
  }

  #drop(bytes: number): void {
    this.#kept = this.#kept.subarray(bytes);
  }
}

function parseHead(text: string): Head {
  const [first = '', ...lines] = text.split(lineEnd);
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw new Error(`malformed HTTP response ${JSON.stringify(first.slice(0, 80))}`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`malformed HTTP header ${JSON.stringify(line.slice(0, 80))}`);
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  const last = headers.connection?.toLowerCase() === 'close' || first.startsWith('HTTP/1.0');
  return { status: Number(status), headers, last };
}

function bodyOf({ status, headers }: Head): Rest {
  if (status === 204 || status === 304) return { type: 'length', left: 0 };
  if (headers['transfer-encoding']?.toLowerCase() === 'chunked') return { type: 'size' };
  const length = headers['content-length'] ?? '';
  if (!/^\d{1,15}$/.test(length)) throw new Error(`malformed HTTP response: its length is ${JSON.stringify(length)}`);
  return { type: 'length', left: Number(length) };
}

function chunkOf(line: string): Rest {
  const size = /^([0-9a-fA-F]{1,12})(?:[ \t;]|$)/.exec(line)?.[1];
  if (size === undefined) throw new Error(`malformed chunk ${JSON.stringify(line.slice(0, 80))} in an HTTP response`);
  const left = Number.parseInt(size, 16);
  return left === 0 ? { type: 'trailer' } : { type: 'chunk', left };
}
