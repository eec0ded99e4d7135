import { compareStrings } from '@keelson/machinery';
import type { PolicyRule, Role, RoleBinding } from '@keelson/types';
import { annotationLines, field, type Lines, labelLines, tableLines } from './lines.ts';

/** One row for each resource and each URL, in the order of their rules' texts. */
export function ruleRows(rules: readonly PolicyRule[]): string[][] {
  const text = (values: readonly string[] | undefined): string => `[${(values ?? []).join(' ')}]`;
  const rows: { readonly text: string; readonly cells: string[] }[] = [];
  for (const { apiGroups, resources, resourceNames, nonResourceURLs, verbs } of rules) {
    for (const group of apiGroups ?? []) {
      for (const resource of resources ?? []) {
        const [name = '', ...sub] = resource.split('/');
        const subject = `${name}${group ? `.${group}` : ''}${sub.length > 0 ? `/${sub.join('/')}` : ''}`;
        rows.push({
          text: `${text(verbs)}${text([group])}${text([resource])}${text(resourceNames)}`,
          cells: [subject, '[]', text(resourceNames), text(verbs)],
        });
      }
    }
    for (const url of nonResourceURLs ?? [])
      rows.push({ text: `${text(verbs)}[][][]${text([url])}`, cells: ['', text([url]), '[]', text(verbs)] });
  }
  return rows.sort((a, b) => compareStrings(a.text, b.text)).map(({ cells }) => cells);
}

export const ruleHeader = ['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs'];

/** A Role or ClusterRole. */
export function roleLines({ metadata, rules }: Pick<Role, 'metadata' | 'rules'>): Lines {
  return [
    field(0, 'Name', metadata.name),
    ...labelLines(0, metadata.labels),
    ...annotationLines(0, metadata.annotations),
    'PolicyRule:',
    ...new Set(tableLines(1, ruleHeader, ruleRows(rules ?? []))),
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
