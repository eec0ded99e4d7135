import { ServiceAccount } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { ServedKind } from '../served-kind.ts';
import { createToken } from './service-account-token.ts';

export const serviceAccountKind: ServedKind<ServiceAccount> = {
  kind: ServiceAccount,
  prepareCreate: keepNames,
  prepareUpdate: keepNames,
  subresources: {
    token: { verbs: ['create'], kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }, handler: createToken },
  },
  deletion: { returnsObject: true },
  columns: [nameColumn, ageColumn],
};

/** Secrets are referred to by name; whatever else is said of them is dropped. */
function keepNames(account: ServiceAccount): void {
  account.secrets = account.secrets?.map(({ name }) => (name ? { name } : {}));
}
