import { copyOf, notFound } from '@keelson/machinery';
import { Namespace } from '@keelson/types';
import { systemUser } from '../auth/types.ts';
import { createMissing } from '../registry/write.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

/** A namespace that something is created in comes into being with it. Goes before NamespaceLifecycle, which would refuse. */
export const namespaceAutoProvision: AdmissionPlugin = {
  name: 'NamespaceAutoProvision',
  async admit(attributes) {
    const { operation, registry, namespace, dryRun } = attributes;
    if (operation !== 'CREATE' || dryRun || !isInNamespace(attributes)) return;
    if (await registry.readFresh(Namespace, '', namespace)) return;
    const request = { namespace: '', user: systemUser, dryRun: false, subresource: '', warnings: [] };
    const made = { kind: 'Namespace', apiVersion: 'v1', metadata: { name: namespace }, spec: {} } as const;
    const store = registry.of(Namespace);
    const object = copyOf(made) as unknown as Parameters<typeof createMissing>[2];
    store.definition.defaults?.(object);
    await createMissing(registry, store, object, request);
  },
};

/** Nothing is done in a namespace that does not exist. */
export const namespaceExists: AdmissionPlugin = {
  name: 'NamespaceExists',
  async validate(attributes) {
    const { registry, namespace } = attributes;
    if (!isInNamespace(attributes)) return;
    if (!(await registry.readFresh(Namespace, '', namespace))) throw notFound({ group: '', resource: 'namespaces' }, namespace);
  },
};

function isInNamespace({ store, namespace }: AdmissionAttributes): boolean {
  return store.kind.namespaced && namespace !== '';
}
