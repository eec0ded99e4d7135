import { compareStrings } from '@keelson/machinery';
import type { PolicyRule, Role, RoleBinding } from '@keelson/types';
import { annotationLines, field, type Lines, labelLines, tableLines } from './lines.ts';

/** One thing that may be done something to. */
interface Subject {
  readonly group?: string;
  readonly resource?: string;
  readonly name?: string;
  readonly url?: string;
}

/** A rule for each of the things that rules are about. */
function subjectsOf({ apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): Subject[] {
  const names = resourceNames && resourceNames.length > 0 ? resourceNames.map((name) => ({ name })) : [{}];
  const found = (apiGroups ?? []).flatMap((group) =>
    (resources ?? []).flatMap((resource) => names.map((name) => ({ group, resource, ...name }))),
  );
  return [...found, ...(nonResourceURLs ?? []).map((url) => ({ url }))];
}

function listText(values: readonly (string | undefined)[]): string {
  return `[${values.filter((value) => value !== undefined).join(' ')}]`;
}

/**
 * One row for each resource and name of one, with all that may be done to it, and for each thing that may be done to a URL, in the order
 * of the rules' texts.
 */
export function ruleRows(rules: readonly PolicyRule[]): string[][] {
  const byText = new Map<string, { readonly subject: Subject; readonly verbs: string[] }>();
  const rows: { readonly subject: Subject; readonly verbs: readonly string[] }[] = [];
  for (const rule of rules) {
    for (const subject of subjectsOf(rule)) {
      if (subject.url !== undefined) {
        rows.push(...rule.verbs.map((verb) => ({ subject, verbs: [verb] })));
        continue;
      }
      const text = JSON.stringify([subject.group, subject.resource, subject.name]);
      const known = byText.get(text);
      if (known) known.verbs.push(...rule.verbs.filter((verb) => !known.verbs.includes(verb)));
      else if (rule.verbs.length > 0) byText.set(text, { subject, verbs: [...new Set(rule.verbs)] });
    }
  }
  const order = ({ subject: { group, resource, name, url }, verbs }: (typeof rows)[number]): string =>
    `${listText(verbs)}${listText([group])}${listText([resource])}${listText([name])}${listText([url])}`;
  return [...rows, ...byText.values()]
    .map((row) => ({ row, text: order(row) }))
    .sort((a, b) => compareStrings(a.text, b.text))
    .map(({ row: { subject, verbs } }) => [resourceText(subject), listText([subject.url]), listText([subject.name]), listText(verbs)]);
}

/** `jobs.batch/status` */
function resourceText({ group, resource = '' }: Subject): string {
  const [name = '', ...sub] = resource.split('/');
  return [`${name}${group ? `.${group}` : ''}`, ...sub].join('/');
}

export const ruleHeader = ['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs'];

/** A Role or ClusterRole. */
export function roleLines({ metadata, rules }: Pick<Role, 'metadata' | 'rules'>): Lines {
  return [
    field(0, 'Name', metadata.name),
    ...labelLines(0, metadata.labels),
    ...annotationLines(0, metadata.annotations),
    'PolicyRule:',
    ...tableLines(1, ruleHeader, ruleRows(rules ?? [])),
  ];
}

/** A RoleBinding or ClusterRoleBinding. */
export function bindingLines({ metadata, roleRef, subjects }: Pick<RoleBinding, 'metadata' | 'roleRef' | 'subjects'>): Lines {
  const rows = (subjects ?? []).map(({ kind, name, namespace }) => [kind, name, namespace ?? '']);
  return [
    field(0, 'Name', metadata.name),
    ...labelLines(0, metadata.labels),
    ...annotationLines(0, metadata.annotations),
    'Role:',
    field(1, 'Kind', roleRef.kind),
    field(1, 'Name', roleRef.name),
    'Subjects:',
    ...tableLines(1, ['Kind', 'Name', 'Namespace'], rows),
  ];
}
