import { ConfigMap } from '@keelson/types';
import { systemUser } from './auth/types.ts';
import type { Registry } from './registry/registry.ts';
import { create, update, type Writable } from './registry/write.ts';

const namespace = 'kube-system';
const name = 'extension-apiserver-authentication';

/** ConfigMap `kube-system/extension-apiserver-authentication`: how extension API servers come to trust the same client certificates. */
export async function ensureExtensionAuthentication(registry: Registry, clientCA: string): Promise<void> {
  const store = registry.of(ConfigMap);
  const request = { namespace, user: systemUser, dryRun: false, subresource: '', warnings: [] };
  const data = { 'client-ca-file': clientCA };
  const apply = (current: Writable): Writable => {
    const { data: present } = current as ConfigMap;
    return { ...current, data: { ...present, ...data } } as Writable;
  };
  if (registry.read(ConfigMap, namespace, name)) await update(registry, store, name, { apply }, request);
  else await create(registry, store, { metadata: { name }, data } as Writable, request);
}
