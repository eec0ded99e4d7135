import type { IPAddress, ServiceCIDR } from '@keelson/types';
import { field, head, type Lines, tableLines, timeOrZero } from './lines.ts';

export function ipAddressLines({ metadata, spec }: IPAddress): Lines {
  const { group, resource, namespace, name } = spec?.parentRef ?? {};
  const parent = [
    'Parent Reference:',
    field(1, 'Group', group),
    field(1, 'Resource', resource),
    field(1, 'Namespace', namespace),
    field(1, 'Name', name),
  ];
  return [...head(metadata), ...(spec?.parentRef ? parent : [])];
}

export function serviceCidrLines({ metadata, spec, status }: ServiceCIDR): Lines {
  const conditions = status?.conditions ?? [];
  const titles = ['Type', 'Status', 'LastTransitionTime', 'Reason', 'Message'];
  const rows = conditions.map((each) => [each.type, each.status, timeOrZero(each.lastTransitionTime), each.reason, each.message]);
  return [
    ...head(metadata),
    field(0, 'CIDRs', (spec?.cidrs ?? []).join(', ')),
    ...(conditions.length > 0 ? ['Status:', 'Conditions:', ...tableLines(1, titles, rows)] : []),
  ];
}
