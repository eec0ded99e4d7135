import { escapeFieldValue, parseFieldSelector, parseLabelSelector } from '@keelson/machinery';
import type { SubjectAccessReviewSpec } from '@keelson/types';
import type { AuthorizationAttributes } from '../types.ts';

type ResourceAttributes = NonNullable<SubjectAccessReviewSpec['resourceAttributes']>;
type FieldSelectorAttributes = NonNullable<ResourceAttributes['fieldSelector']>;
type LabelSelectorAttributes = NonNullable<ResourceAttributes['labelSelector']>;

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: string[];
}

/** What is asked, as a SubjectAccessReview has it. */
export function specOf(asked: AuthorizationAttributes): SubjectAccessReviewSpec {
  const { user, verb, path, group, version, resource, subresource, namespace, name } = asked;
  const who = {
    user: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    groups: [...user.groups],
    ...(user.extra ? { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) } : {}),
  };
  if (!asked.isResource) return { ...who, nonResourceAttributes: { path, verb } };
  const place = Object.entries({ namespace, verb, group, version, resource, subresource, name }).filter(([, value]) => value !== '');
  return { ...who, resourceAttributes: { ...Object.fromEntries(place), ...selectorsOf(asked) } };
}

const selecting = ['list', 'watch', 'deletecollection'];

function selectorsOf({ verb, query }: AuthorizationAttributes): Pick<ResourceAttributes, 'fieldSelector' | 'labelSelector'> {
  if (!query || !selecting.includes(verb)) return {};
  const [fields, labels] = [fieldRequirements(query.get('fieldSelector')), labelRequirements(query.get('labelSelector'))];
  return {
    ...(fields.length > 0 ? { fieldSelector: { requirements: fields } } : {}),
    ...(labels.length > 0 ? { labelSelector: { requirements: labels } } : {}),
  };
}

/** None for a selector that cannot be read: it narrows nothing. */
function fieldRequirements(text: string | null): Requirement[] {
  return attempt(() =>
    parseFieldSelector(text ?? '').requirements.map(({ field, operator, value }) => ({
      key: field,
      operator: operator === '!=' ? 'NotIn' : 'In',
      values: [value],
    })),
  );
}

const labelOperators: Readonly<Record<string, string>> = {
  ...{ '=': 'In', '==': 'In', in: 'In', '!=': 'NotIn', notin: 'NotIn' },
  ...{ exists: 'Exists', '!': 'DoesNotExist' },
};

function labelRequirements(text: string | null): Requirement[] {
  return attempt(() =>
    parseLabelSelector(text ?? '').requirements.flatMap(({ key, operator, values }) => {
      const name = labelOperators[operator];
      return name ? [{ key, operator: name, ...(values.length > 0 ? { values: [...values] } : {}) }] : [];
    }),
  );
}

function attempt(parse: () => Requirement[]): Requirement[] {
  try {
    return parse();
  } catch {
    return [];
  }
}

/** Selectors of a SubjectAccessReview as the query of the request it asks about; undefined when there are none. */
export function queryOf({ fieldSelector, labelSelector }: ResourceAttributes): URLSearchParams | undefined {
  const query = new URLSearchParams();
  const fields = fieldSelector && fieldText(fieldSelector);
  const labels = labelSelector && labelText(labelSelector);
  if (fields) query.set('fieldSelector', fields);
  if (labels) query.set('labelSelector', labels);
  return query.size > 0 ? query : undefined;
}

/** A requirement that a field selector cannot express narrows nothing: to leave it out asks for more, never for less. */
function fieldText({ rawSelector, requirements }: FieldSelectorAttributes): string {
  if (rawSelector) return rawSelector;
  return (requirements ?? [])
    .filter(({ operator, values }) => ['In', 'NotIn'].includes(operator) && values?.length === 1)
    .map(({ key, operator, values }) => `${key}${operator === 'In' ? '=' : '!='}${escapeFieldValue(values?.[0] ?? '')}`)
    .join(',');
}

function labelText({ rawSelector, requirements }: LabelSelectorAttributes): string {
  if (rawSelector) return rawSelector;
  return (requirements ?? [])
    .flatMap(({ key, operator, values }) => {
      if (operator === 'Exists') return [key];
      if (operator === 'DoesNotExist') return [`!${key}`];
      const word = { In: 'in', NotIn: 'notin' }[operator];
      return word && values?.length ? [`${key} ${word} (${values.join(',')})`] : [];
    })
    .join(',');
}
