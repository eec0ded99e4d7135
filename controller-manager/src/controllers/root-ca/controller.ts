import { type ControllerDefinition, defineController, mapped, self } from '@keelson/runtime';
import { ConfigMap, Event, Namespace } from '@keelson/types';
import { isNeedless } from '../../api-errors.ts';
import { planRootCA, rootCAName } from './plan.ts';

/** Publishes the CA of the API server's certificate to every namespace. `rootCA` is PEM. */
export function rootCAController(rootCA: string): ControllerDefinition {
  return defineController({
    name: 'root_ca_cert_publisher',
    reads: [Namespace, ConfigMap],
    writes: [ConfigMap, Event],
    triggers: [
      self(Namespace),
      mapped(ConfigMap, ({ metadata }) => [metadata.namespace ?? ''], { when: ({ object }) => object.metadata.name === rootCAName }),
    ],
    async reconcile(namespace, { of, api }) {
      if (of(Namespace).get(namespace)?.status?.phase !== 'Active') return undefined;
      const present = of(ConfigMap).get(`${namespace}/${rootCAName}`);
      const wanted = planRootCA(namespace, rootCA, present);
      if (!wanted) return undefined;
      try {
        await (present ? api.update(ConfigMap, wanted) : api.create(ConfigMap, wanted));
      } catch (error) {
        if (!isNeedless(error)) throw error;
      }
      return undefined;
    },
  });
}
