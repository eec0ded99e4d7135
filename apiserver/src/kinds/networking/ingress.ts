import { Ingress } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { classErrors, ingressErrors, ingressStatusErrors } from './ingress-validation.ts';

/** Hosts shown before `+ n more...`. */
const shown = 3;

export const ingressKind: KindDefinition<Ingress> = {
  kind: Ingress,
  prefix: '/registry/ingress/',
  prepareCreate(ingress) {
    ingress.status = { loadBalancer: {} };
  },
  // The annotation is older than the field: stored objects that name two classes can still be changed.
  validate: (ingress) => [...ingressErrors(ingress), ...(ingress.metadata.resourceVersion ? [] : classErrors(ingress))],
  warnings: (ingress, old) => (!old && Object.hasOwn(ingress.metadata.annotations ?? {}, classAnnotation) ? [classByAnnotation] : []),
  status: { validateUpdate: ingressStatusErrors },
  columns: [
    nameColumn,
    { name: 'Class', type: 'string', cell: ({ spec }) => spec?.ingressClassName ?? '<none>' },
    { name: 'Hosts', type: 'string', cell: hostsText },
    {
      name: 'Address',
      type: 'string',
      cell: ({ status }) => (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').join(','),
    },
    { name: 'Ports', type: 'string', cell: ({ spec }) => (spec?.tls?.length ? '80, 443' : '80') },
    ageColumn,
  ],
};

function hostsText({ spec }: Ingress): string {
  const hosts = (spec?.rules ?? []).map(({ host }) => host).filter(Boolean);
  if (hosts.length === 0) return '*';
  const rest = hosts.length - shown;
  return hosts.slice(0, shown).join(',') + (rest > 0 ? ` + ${rest} more...` : '');
}

const classAnnotation = 'kubernetes.io/ingress.class';
const classByAnnotation = `annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`;
