import { pathText } from './shapes.ts';

interface Frame {
  /** Absent for an array. */
  readonly keys: Set<string> | undefined;
  index: number;
  key: string;
}

const [quote, backslash, colon, comma] = [0x22, 0x5c, 0x3a, 0x2c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Paths of object members that stand more than once, in order of appearance. The text is known to be valid JSON. */
export function duplicateFields(text: string): string[] {
  const found: string[] = [];
  eachKey(text, (path, again) => {
    if (again) found.push(path());
  });
  return found;
}

/** Shows each member of each object, in order of appearance: its path, and whether it stood there before. The text is valid JSON. */
export function eachKey(text: string, visit: (path: () => string, again: boolean) => void): void {
  const stack: Frame[] = [];
  const path = (): string => pathOf(stack);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = endOfString(text, at);
      const top = stack.at(-1);
      if (top?.keys && isKey(text, end)) visit(path, noteKey(top, top.keys, text.slice(at, end + 1)));
      at = end;
    } else if (code === openBrace) stack.push({ keys: new Set(), index: 0, key: '' });
    else if (code === openBracket) stack.push({ keys: undefined, index: 0, key: '' });
    else if (code === closeBrace || code === closeBracket) stack.pop();
    else if (code === comma) (stack.at(-1) as Frame).index++;
  }
}

/** Position of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes++;
    if (escapes % 2 === 0) return end;
  }
}

function isKey(text: string, end: number): boolean {
  let at = end + 1;
  while (text.charCodeAt(at) <= 0x20) at++;
  return text.charCodeAt(at) === colon;
}

/** Whether the key stood in its object before. */
function noteKey(frame: Frame, keys: Set<string>, quoted: string): boolean {
  frame.key = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  const before = keys.size;
  keys.add(frame.key);
  return keys.size === before;
}

function pathOf(stack: readonly Frame[]): string {
  return pathText(stack.map(({ keys, index, key }) => (keys ? key : index)));
}
