import { type ControllerDefinition, defineController, mapped, self } from '@keelson/runtime';
import { Event, Namespace, ServiceAccount } from '@keelson/types';
import { isNeedless } from '../../api-errors.ts';

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
        if (!isNeedless(error)) throw error;
      }
      return undefined;
    },
  });
}
