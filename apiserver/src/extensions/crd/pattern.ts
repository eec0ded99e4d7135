const compiled = new Map<string, RegExp | undefined>();

/** A pattern in Go's syntax as JavaScript's; undefined when it is none in either. Kept, since a schema's patterns are few and met often. */
export function patternOf(pattern: string): RegExp | undefined {
  if (!compiled.has(pattern)) compiled.set(pattern, compile(pattern));
  return compiled.get(pattern);
}

function compile(pattern: string): RegExp | undefined {
  const [, flags = '', rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? [];
  const source = rest
    .replaceAll(/\(\?P</g, '(?<')
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$')
    .replaceAll(/\[\[:(\w+):\]\]/g, (all, name: string) => classes[name] ?? all);
  for (const mode of ['u', '']) {
    try {
      return new RegExp(source, flags + mode);
    } catch {
      // Go allows escapes that JavaScript's strict mode does not: the lenient one is tried next.
    }
  }
  return undefined;
}

const classes: Readonly<Record<string, string>> = {
  alnum: '[A-Za-z0-9]',
  alpha: '[A-Za-z]',
  digit: '[0-9]',
  lower: '[a-z]',
  space: '\\s',
  upper: '[A-Z]',
  word: '\\w',
};
