import { forbidden, notFound, type StatusError } from '@keelson/machinery';
import { Namespace } from '@keelson/types';
import type { AdmissionPlugin } from './types.ts';

const immortal = new Set(['default', 'kube-system', 'kube-public']);

/** Nothing is created in a namespace that does not exist or is going; the cluster's own namespaces stay. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  async admit({ operation, store, registry, namespace, name }) {
    const { kind } = store;
    if (operation === 'DELETE' && kind.resource === 'namespaces' && kind.group === '' && immortal.has(name)) {
      throw forbidden(store.groupResource, name, 'this namespace may not be deleted');
    }
    if (operation !== 'CREATE' || !kind.namespaced) return;
    const found = await registry.readFresh(Namespace, '', namespace);
    if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace);
    if (found.status?.phase === 'Terminating') throw terminating(store.groupResource, name, namespace);
  },
};

function terminating(resource: { group: string; resource: string }, name: string, namespace: string): StatusError {
  const error = forbidden(resource, name, `unable to create new content in namespace ${namespace} because it is being terminated`);
  const cause = { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' };
  error.status.details = { ...error.status.details, causes: [cause] };
  return error;
}
