import { ApiError } from '@keelson/client';
import { type ControllerDefinition, defineController, mapped, self } from '@keelson/runtime';
import { Event, Namespace, ServiceAccount } from '@keelson/types';

const name = 'default';

/** Gives every namespace its ServiceAccount `default`. */
export function serviceAccountController(): ControllerDefinition {
  return defineController({
    name: 'serviceaccount',
    reads: [Namespace, ServiceAccount],
    writes: [ServiceAccount, Event],
    triggers: [
      self(Namespace),
      mapped(ServiceAccount, ({ metadata }) => [metadata.namespace ?? ''], {
        when: ({ type, object }) => type === 'deleted' && object.metadata.name === name,
      }),
    ],
    async reconcile(namespace, { of, api }) {
      if (of(Namespace).get(namespace)?.status?.phase !== 'Active' || of(ServiceAccount).get(`${namespace}/${name}`)) return undefined;
      try {
        await api.create(ServiceAccount, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
      } catch (error) {
        if (!isHarmless(error)) throw error;
      }
      return undefined;
    },
  });
}

/** It is there already, or the namespace is on its way out. */
function isHarmless(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return (
    error.reason === 'AlreadyExists' ||
    error.code === 404 ||
    error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true
  );
}
