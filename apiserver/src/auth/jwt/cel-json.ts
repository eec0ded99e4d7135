const written: Readonly<Record<string, string>> = { underscores: '__', dot: '.', dash: '-', slash: '/' };
const reserved =
  /^(?:true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while)$/;

/** A name as it was before it was written as an expression's; undefined for one that was not. */
function unescaped(name: string): string | undefined {
  let known = name.includes('__');
  const plain = name.replaceAll(/__([^_]+)__/g, (whole, part: string) => {
    if (written[part] !== undefined) return written[part];
    if (!reserved.test(part) || whole !== name) known = false;
    return part;
  });
  return known && plain !== name ? plain : undefined;
}

/** Members that expressions may also name as fields: `a__dot__b` for `a.b`. */
class Members extends Map<unknown, unknown> {
  override get(name: unknown): unknown {
    return super.get(typeof name === 'string' ? (unescaped(name) ?? name) : name);
  }
}

/** Claims, or a user, as CEL sees them: every number is a double, and members of members may be named as fields. */
export function celJson(value: object): object {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inner(member)]));
}

function inner(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inner);
  if (typeof value !== 'object' || value === null) return value;
  return new Members(Object.entries(value).map(([name, member]) => [name, inner(member)]));
}
