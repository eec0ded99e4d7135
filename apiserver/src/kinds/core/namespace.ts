import { isDNS1123Label } from '@keelson/machinery';
import { Namespace } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { finalizeNamespace } from './namespace-finalize.ts';

const nameLabel = 'kubernetes.io/metadata.name';

export const namespaceKind: KindDefinition<Namespace> = {
  kind: Namespace,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  name: isDNS1123Label,
  defaults(namespace) {
    const { name } = namespace.metadata;
    if (name) namespace.metadata.labels = { ...namespace.metadata.labels, [nameLabel]: name };
  },
  prepareCreate(namespace) {
    namespace.metadata.labels = { ...namespace.metadata.labels, [nameLabel]: namespace.metadata.name ?? '' };
    namespace.spec = { finalizers: ['kubernetes'] };
    namespace.status = { phase: 'Active' };
  },
  prepareUpdate(next, old) {
    next.spec = old.spec;
  },
  status: {},
  generation: false,
  subresources: {
    finalize: { verbs: ['update'], kind: { group: '', version: 'v1', kind: 'Namespace' }, handler: finalizeNamespace },
  },
  deletion: {
    mark(namespace) {
      namespace.status = { ...namespace.status, phase: 'Terminating' };
    },
    pending: (namespace) => (namespace.spec?.finalizers?.length ?? 0) > 0,
    returnsObject: true,
  },
  selectableFields: { 'status.phase': ({ status }) => status?.phase ?? '' },
  columns: [nameColumn, { name: 'Status', type: 'string', cell: ({ status }) => status?.phase ?? '' }, ageColumn],
};
