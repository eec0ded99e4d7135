import { formatFieldErrors, path } from './field.ts';
import { compareStrings } from './go-text.ts';
import { labelTokens, type Token, type TokenType } from './label-lexer.ts';
import { checkedRequirement, type LabelOperator, type LabelRequirement } from './label-requirement.ts';
import { isLabelKey } from './names.ts';

const operators: Partial<Record<TokenType, LabelOperator>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
};

/** Reads requirements in the order written. @throws Error with upstream's words. */
export function parseRequirements(text: string): LabelRequirement[] {
  return new Parser(labelTokens(text)).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): LabelRequirement[] {
    const found: LabelRequirement[] = [];
    for (;;) {
      const { type, text } = this.#peek();
      if (type === 'end') return found;
      if (type !== 'identifier' && type !== '!') throw new Error(`found '${text}', expected: !, identifier, or 'end of string'`);
      found.push(this.#requirement());
      const after = this.#next();
      if (after.type === 'end') return found;
      if (after.type !== ',') throw new Error(`found '${after.text}', expected: ',' or 'end of string'`);
      const start = this.#peek();
      if (start.type !== 'identifier' && start.type !== '!') throw new Error(`found '${start.text}', expected: identifier after ','`);
    }
  }

  /** Words that are operators elsewhere are plain words here. */
  #peek(): Token {
    const token = this.#tokens[Math.min(this.#position, this.#tokens.length - 1)] ?? { type: 'end', text: '' };
    return token.type === 'in' || token.type === 'notin' ? { type: 'identifier', text: token.text } : token;
  }

  #next(): Token {
    const token = this.#peek();
    this.#position++;
    return token;
  }

  #requirement(): LabelRequirement {
    try {
      return this.#parseRequirement();
    } catch (error) {
      throw new Error(`unable to parse requirement: ${(error as Error).message}`);
    }
  }

  #parseRequirement(): LabelRequirement {
    const { key, negated } = this.#key();
    const { type } = this.#peek();
    if (type === 'end' || type === ',') return checkedRequirement({ key, operator: negated ? '!' : 'exists', values: [] });
    if (negated) return checkedRequirement({ key, operator: '!', values: [] });
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#exactValue()];
    return checkedRequirement({ key, operator, values: [...new Set(values)].sort(compareStrings) });
  }

  #key(): { key: string; negated: boolean } {
    let token = this.#next();
    const negated = token.type === '!';
    if (negated) token = this.#next();
    if (token.type !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`);
    const problems = isLabelKey(token.text);
    if (problems.length > 0) {
      throw new Error(formatFieldErrors([{ type: 'Invalid', path: String(path()), badValue: token.text, detail: problems.join('; ') }]));
    }
    return { key: token.text, negated };
  }

  #operator(): LabelOperator {
    const token = this.#tokens[this.#position++] ?? { type: 'end', text: '' };
    const operator = operators[token.type];
    if (!operator) throw new Error(`found '${token.text}', expected: in, notin, =, ==, !=, gt, lt`);
    return operator;
  }

  #exactValue(): string {
    const { type } = this.#peek();
    if (type === 'end' || type === ',') return '';
    const token = this.#next();
    if (token.type !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  #values(): string[] {
    const open = this.#next();
    if (open.type !== '(') throw new Error(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.type === ')') {
      this.#next();
      return [''];
    }
    if (first.type !== 'identifier' && first.type !== ',') throw new Error(`found '${first.text}', expected: ',', ')' or identifier`);
    const values = this.#list();
    this.#next();
    return values;
  }

  /** Values up to the closing parenthesis, which is left; a comma with nothing on a side stands for the empty value. */
  #list(): string[] {
    const values: string[] = [];
    for (;;) {
      const token = this.#next();
      const after = this.#peek();
      if (token.type === 'identifier') {
        values.push(token.text);
        if (after.type === ')') return values;
        if (after.type !== ',') throw new Error(`found '${after.text}', expected: ',' or ')'`);
      } else if (token.type === ',') {
        if (values.length === 0 || after.type === ',' || after.type === ')') values.push('');
        if (after.type === ')') return values;
      } else {
        throw new Error(`found '${token.text}', expected: ',', or identifier`);
      }
    }
  }
}
