export type TokenType = 'error' | 'end' | 'identifier' | ')' | ',' | '!' | '==' | '=' | '>' | 'in' | '<' | '!=' | 'notin' | '(';

export interface Token {
  readonly type: TokenType;
  readonly text: string;
}

const symbols: ReadonlySet<string> = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '(']);

/** Splits a label selector. The last token is always `end`. */
export function labelTokens(text: string): Token[] {
  const tokens: Token[] = [];
  const scanner = /[ \t\r\n]*(?:([=!(),<>]+)|([^=!(),<> \t\r\n]+))?/y;
  for (let at = 0; at < text.length; at = scanner.lastIndex) {
    scanner.lastIndex = at;
    const [, special, word] = scanner.exec(text) ?? [];
    if (special !== undefined) {
      const token = symbolAt(special);
      scanner.lastIndex -= token.type === 'error' ? 0 : special.length - token.text.length;
      tokens.push(token);
    } else if (word !== undefined) {
      tokens.push({ type: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
    }
  }
  return [...tokens, { type: 'end', text: '' }];
}

/** The longest operator that a run of symbols begins with. */
function symbolAt(run: string): Token {
  const text = [run.slice(0, 2), run.slice(0, 1)].find((candidate) => symbols.has(candidate));
  return text ? { type: text as TokenType, text } : { type: 'error', text: `error expected: keyword found '${run}'` };
}
