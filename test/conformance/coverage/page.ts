import type { Outcome } from './exercise.ts';
import type { Surface } from './surface.ts';

export interface Row {
  readonly surface: Surface;
  readonly outcomes: readonly Outcome[];
}

/** The page: per group a table of resources, and the operations that were answered as they should be. */
export function page(rows: readonly Row[]): string {
  const all = rows.flatMap(({ outcomes }) => outcomes);
  const good = all.filter(({ fault }) => fault === undefined);
  const groups = Map.groupBy(rows, ({ surface }) => title(surface));
  const parts = [...groups].map(([name, members]) => `## ${name}\n\n${table(members)}`);
  return [
    '# API coverage',
    `Every stable operation of Kubernetes 1.36, asked of a running server: ${good.length} of ${all.length} answered as they should.`,
    'Made by `node test/conformance/coverage/main.ts`, with `KUBECONFIG` naming the cluster; checked by `npm test`. The number is the status.',
    ...parts,
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

function title({ group, version }: Surface): string {
  if (!group) return 'Paths';
  return group === 'core' ? version : `${group}/${version}`;
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ surface, outcomes }) => `| ${name(surface)} | ${outcomes.map(cell).join(', ')} |`);
  return ['| | |', '| --- | --- |', ...lines].join('\n');
}

function name({ group, version, resource }: Surface): string {
  if (resource) return `\`${resource}\``;
  return `\`${group === 'core' ? `/api/${version}` : `/apis/${group}/${version}`}\``;
}

function cell({ verb, status, fault }: Outcome): string {
  return fault === undefined ? `${verb.replace('connect:', 'connect ')} ${status}` : `**${verb} ${status}**`;
}
