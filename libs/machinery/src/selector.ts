import type { LabelSelector } from '@keelson/types';
import { compareStrings, goQuote } from './go-text.ts';
import { parseRequirements } from './label-parser.ts';
import {
  checkedRequirement,
  type LabelOperator,
  type LabelRequirement,
  type Labels,
  requirementMatches,
  requirementText,
} from './label-requirement.ts';

/** A condition on labels: all requirements hold, unless it is one that matches nothing. */
export class LabelSelectorMatcher {
  /** Sorted by key. */
  readonly requirements: readonly LabelRequirement[];
  /** True for the selector that selects nothing, as an absent LabelSelector does. */
  readonly nothing: boolean;

  constructor(requirements: readonly LabelRequirement[], nothing = false) {
    this.requirements = requirements.toSorted((a, b) => compareStrings(a.key, b.key));
    this.nothing = nothing;
  }

  /** True when it selects everything. */
  get empty(): boolean {
    return !this.nothing && this.requirements.length === 0;
  }

  matches(labels: Labels | undefined | null): boolean {
    if (this.nothing) return false;
    const present = labels ?? {};
    return this.requirements.every((requirement) => requirementMatches(requirement, present));
  }

  /** The only value a label may have, when the selector says so: what an index can look up. */
  exactly(key: string): string | undefined {
    const found = this.requirements.find((requirement) => requirement.key === key);
    const pins = found && (found.operator === '=' || found.operator === '==' || found.operator === 'in');
    return pins && found.values.length === 1 ? found.values[0] : undefined;
  }

  /** The canonical text, which parses to the same selector. */
  toString(): string {
    return this.requirements.map(requirementText).join(',');
  }
}

export const everyLabel: LabelSelectorMatcher = new LabelSelectorMatcher([]);
export const noLabels: LabelSelectorMatcher = new LabelSelectorMatcher([], true);

/** Reads `a=b,c in (d,e),!f,g>1`. @throws Error with upstream's words: `unable to parse requirement: …`. */
export function parseLabelSelector(text: string): LabelSelectorMatcher {
  return new LabelSelectorMatcher(parseRequirements(text));
}

/** Selects what has all these labels; not validated. Everything for none. */
export function labelsSelector(labels: Labels | undefined | null): LabelSelectorMatcher {
  return new LabelSelectorMatcher(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })));
}

const objectOperators: Readonly<Record<string, LabelOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

/** A selector as it stands in objects: absent selects nothing, `{}` everything. @throws Error with upstream's words for the first that is wrong. */
export function labelSelectorMatcher(selector: LabelSelector | undefined | null): LabelSelectorMatcher {
  if (!selector) return noLabels;
  const labels = Object.entries(selector.matchLabels ?? {});
  return new LabelSelectorMatcher([
    ...labels.map(([key, value]) => checkedRequirement({ key, operator: '=', values: [value] })),
    ...(selector.matchExpressions ?? []).map(({ key, operator: name, values }) => {
      const operator = objectOperators[name];
      if (!operator) throw new Error(`${goQuote(name)} is not a valid label selector operator`);
      return checkedRequirement({ key, operator, values: values ?? [] });
    }),
  ]);
}

/** A selector for people: `<none>` when it says nothing, `<error>` when it is wrong. */
export function formatLabelSelector(selector: LabelSelector | undefined | null): string {
  try {
    return labelSelectorMatcher(selector).toString() || '<none>';
  } catch {
    return '<error>';
  }
}

/** One condition on one field; `==` is read as `=`. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** A condition on an object's selectable fields. */
export class FieldSelector {
  readonly requirements: readonly FieldRequirement[];

  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements;
  }

  get empty(): boolean {
    return this.requirements.length === 0;
  }

  /** A field that is not there is empty. */
  matches(fields: Readonly<Record<string, string>>): boolean {
    return this.requirements.every(({ field, operator, value }) => ((fields[field] ?? '') === value) === (operator === '='));
  }

  /** The only value a field may have, when the selector says so. */
  exactly(field: string): string | undefined {
    return this.requirements.find((requirement) => requirement.field === field && requirement.operator === '=')?.value;
  }

  toString(): string {
    return this.requirements.map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`).join(',');
  }
}

/** Makes a value safe inside a field selector. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&');
}

/**
 * Reads `a.b=c,d!=e`, with `\,`, `\=` and `\\` standing for themselves in values. No field that is nothing is no condition.
 * @throws Error with upstream's words.
 */
export function parseFieldSelector(text: string): FieldSelector {
  const terms = text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? [];
  const requirements = terms.toSorted(compareStrings).map((term) => {
    const [, field, operator, value] = /^(.*?)(!=|==|=)(.*)$/s.exec(term) ?? [];
    if (field === undefined || value === undefined) throw new Error(`invalid selector: '${text}'; can't understand '${term}'`);
    return { field, operator: operator === '!=' ? ('!=' as const) : ('=' as const), value: unescapeFieldValue(value) };
  });
  return new FieldSelector(requirements.filter(({ field, value }) => field !== '' || value !== ''));
}

function unescapeFieldValue(value: string): string {
  return value.replace(/\\(.)?|[,=]/gs, (found, escaped: string | undefined) => {
    if (escaped !== undefined && '\\,='.includes(escaped)) return escaped;
    if (found.startsWith('\\')) throw new Error(`invalid field selector: invalid escape sequence: ${found}`);
    throw new Error(`invalid field selector: unescaped character in value: ${found.charCodeAt(0)}`);
  });
}
