export type TokenType = 'end' | 'identifier' | ')' | ',' | '!' | '==' | '=' | '>' | 'in' | '<' | '!=' | 'notin' | '(';

export interface Token {
  readonly type: TokenType;
  readonly text: string;
}

/** Splits a label selector. The last token is always `end`. */
export function labelTokens(text: string): Token[] {
  const tokens: Token[] = [];
  const scanner = /[ \t\r\n]*(?:(==|!=|[=!(),<>])|([^=!(),<> \t\r\n]+))?/y;
  for (let at = 0; at < text.length; at = scanner.lastIndex) {
    scanner.lastIndex = at;
    const [, symbol, word] = scanner.exec(text) ?? [];
    if (symbol !== undefined) tokens.push({ type: symbol as TokenType, text: symbol });
    else if (word !== undefined) tokens.push({ type: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
  }
  return [...tokens, { type: 'end', text: '' }];
}
