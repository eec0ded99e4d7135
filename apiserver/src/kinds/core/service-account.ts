import { ServiceAccount } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { createToken } from './service-account-token.ts';

export const serviceAccountKind: KindDefinition<ServiceAccount> = {
  kind: ServiceAccount,
  subresources: {
    token: { verbs: ['create'], kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }, handler: createToken },
  },
  deletion: { returnsObject: true },
  columns: [nameColumn, ageColumn],
};
