/**
 * Rewrites typed object literals (`Object.spec{replicas: 3}`, `JSONPatch{op: "add"}`), which are maps as far as values go, to map literals:
 * `{"spec": …}`. What stands in strings is left alone. @throws Error for braces that do not close.
 */
export function withMapLiterals(expression: string): string {
  const tokens = expression.match(token) ?? [];
  let out = '';
  /** For each open brace, whether its keys are field names. */
  const open: boolean[] = [];
  let atKey = false;
  for (let i = 0; i < tokens.length; i++) {
    const text = tokens[i] as string;
    const brace = typedLiteral(tokens, i);
    if (brace !== undefined) {
      out += '{';
      open.push(true);
      atKey = true;
      i = brace;
      continue;
    }
    if (/^[A-Za-z_]\w*$/.test(text) && atKey) {
      out += JSON.stringify(text);
      atKey = false;
      continue;
    }
    if ('{(['.includes(text)) open.push(false);
    if ('})]'.includes(text)) open.pop();
    if (text === ',' && open.at(-1)) atKey = true;
    else if (!/^\s+$/.test(text)) atKey = false;
    out += text;
  }
  if (open.length > 0) throw new Error('a brace is not closed');
  return out;
}

const token = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_]\w*|\s+|[^\sA-Za-z_]/g;

/** When a typed literal begins at a token: the place of its brace. */
function typedLiteral(tokens: readonly string[], start: number): number | undefined {
  if (tokens[start] !== 'Object' && tokens[start] !== 'JSONPatch') return undefined;
  let at = start + 1;
  while (tokens[at] === '.' && /^[A-Za-z_]\w*$/.test(tokens[at + 1] ?? '')) at += 2;
  while (/^\s+$/.test(tokens[at] ?? '')) at++;
  return tokens[at] === '{' ? at : undefined;
}
