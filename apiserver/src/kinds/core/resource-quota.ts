import { compareStrings, fieldInvalid, path } from '@keelson/machinery';
import { ResourceQuota } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { resourceQuotaErrors, resourceQuotaStatusErrors } from './resource-quota-validation.ts';

export const resourceQuotaKind: KindDefinition<ResourceQuota> = {
  kind: ResourceQuota,
  generation: false,
  prepareCreate(quota) {
    quota.status = {};
  },
  validate: resourceQuotaErrors,
  validateUpdate(next, old) {
    const [is, was] = [next.spec?.scopes ?? [], old.spec?.scopes ?? []];
    const same = is.every((scope) => was.includes(scope)) && was.every((scope) => is.includes(scope));
    return same ? [] : [fieldInvalid(path('spec', 'scopes'), is, 'field is immutable')];
  },
  status: { validateUpdate: resourceQuotaStatusErrors },
  deletion: { returnsObject: true },
  columns: [
    nameColumn,
    { name: 'Request', type: 'string', cell: (quota) => usageText(quota, false) },
    { name: 'Limit', type: 'string', cell: (quota) => usageText(quota, true) },
    ageColumn,
  ],
};

/** `pods: 1/10, requests.cpu: 0/4`: used of hard, limits apart from the rest. */
function usageText({ status }: ResourceQuota, limits: boolean): string {
  const names = Object.keys(status?.hard ?? {}).filter((name) => name.startsWith('limits') === limits);
  return names
    .sort(compareStrings)
    .map((name) => `${name}: ${status?.used?.[name] ?? 0}/${status?.hard?.[name]}`)
    .join(', ');
}
