import { type FieldError, fieldInvalid, invalidBy, isDNS1123Label, isQualifiedName, path } from '@keelson/machinery';
import { Namespace } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { ServedKind } from '../served-kind.ts';
import { finalizeNamespace } from './namespace-finalize.ts';

const nameLabel = 'kubernetes.io/metadata.name';

export const namespaceKind: ServedKind<Namespace> = {
  kind: Namespace,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  name: isDNS1123Label,
  defaults(namespace) {
    const { name } = namespace.metadata;
    if (name) namespace.metadata.labels = { ...namespace.metadata.labels, [nameLabel]: name };
  },
  prepareCreate(namespace) {
    namespace.metadata.labels = { ...namespace.metadata.labels, [nameLabel]: namespace.metadata.name ?? '' };
    const finalizers = namespace.spec?.finalizers ?? [];
    namespace.spec = { finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'] };
    namespace.status = { phase: 'Active' };
  },
  prepareUpdate(next, old) {
    next.spec = old.spec;
  },
  validate: ({ spec }) => finalizerErrors(spec?.finalizers ?? []),
  status: { validateUpdate: phaseErrors },
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

/** Names without a domain are Kubernetes' own, of which there is one. */
function finalizerErrors(finalizers: readonly string[]): FieldError[] {
  const at = path('spec', 'finalizers');
  return finalizers.flatMap((name) => {
    const errors = invalidBy(isQualifiedName(name), at, name);
    if (name.includes('/') || name === 'kubernetes') return errors;
    return [...errors, fieldInvalid(at, name, 'name is neither a standard finalizer name nor is it fully qualified')];
  });
}

/** Whether a namespace is going is said by its deletion alone. */
function phaseErrors({ metadata, status }: Namespace): FieldError[] {
  const [phase, why] = metadata.deletionTimestamp ? ['Terminating', 'is not empty'] : ['Active', 'is empty'];
  if (status?.phase === phase) return [];
  return [fieldInvalid(path('status', 'Phase'), status?.phase ?? '', `may only be '${phase}' if \`deletionTimestamp\` ${why}`)];
}
