/**
 * The bytes of `ctrl-p,ctrl-q`: keys between commas, each a letter or `ctrl-` and one of `a-z@[\]^_`. Empty for no keys.
 * @throws Error for what is no key.
 */
export function detachKeys(text: string): number[] {
  if (text === '') return [];
  return text.split(',').map((key) => {
    if (key === 'DEL') return 127;
    if (key.length === 1) return key.charCodeAt(0);
    const [, letter] = /^ctrl-([a-z@[\\\]^_])$/.exec(key) ?? [];
    if (letter === undefined) throw new Error(`Unknown character: '${key}'`);
    return letter.toUpperCase().charCodeAt(0) - '@'.charCodeAt(0);
  });
}

/** What is typed, until all of `keys` were, one after the other: then `detached` is called. What may be their beginning is held back. */
export async function* untilKeys(
  input: AsyncIterable<Buffer | string>,
  keys: readonly number[],
  detached: () => void,
): AsyncGenerator<Buffer> {
  let held: number[] = [];
  for await (const chunk of input) {
    const through: number[] = [];
    for (const byte of Buffer.from(chunk)) {
      if (byte !== keys[held.length]) through.push(...held.splice(0));
      if (byte !== keys[held.length]) {
        through.push(byte);
        continue;
      }
      held = [...held, byte];
      if (held.length < keys.length) continue;
      if (through.length > 0) yield Buffer.from(through);
      return detached();
    }
    if (through.length > 0) yield Buffer.from(through);
  }
  if (held.length > 0) yield Buffer.from(held);
}
