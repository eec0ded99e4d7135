import type { FrontProxyTrust } from '@keelson/pki';
import { ConfigMap } from '@keelson/types';
import { systemUser } from './auth/types.ts';
import type { Registry } from './registry/registry.ts';
import { create, update, type Writable } from './registry/write.ts';

const namespace = 'kube-system';
const name = 'extension-apiserver-authentication';

/**
 * ConfigMap `kube-system/extension-apiserver-authentication`: how extension API servers come to trust the same client certificates, and
 * this server when it says on whose behalf it asks.
 */
export async function ensureExtensionAuthentication(
  registry: Registry,
  clientCA: string,
  frontProxies: FrontProxyTrust | undefined,
): Promise<void> {
  const store = registry.of(ConfigMap);
  const request = { namespace, user: systemUser, dryRun: false, subresource: '', warnings: [] };
  const data = { 'client-ca-file': clientCA, ...(frontProxies ? requestHeaderData(frontProxies) : {}) };
  const apply = (current: Writable): Writable => {
    const { data: present } = current as ConfigMap;
    return { ...current, data: { ...present, ...data } } as Writable;
  };
  if (registry.read(ConfigMap, namespace, name)) await update(registry, store, name, { apply }, request);
  else await create(registry, store, { metadata: { name }, data } as Writable, request);
}

function requestHeaderData(trust: FrontProxyTrust): Record<string, string> {
  return {
    'requestheader-client-ca-file': trust.caPem,
    'requestheader-allowed-names': JSON.stringify(trust.allowedNames),
    'requestheader-username-headers': JSON.stringify(trust.usernameHeaders),
    'requestheader-uid-headers': JSON.stringify(trust.uidHeaders),
    'requestheader-group-headers': JSON.stringify(trust.groupHeaders),
    'requestheader-extra-headers-prefix': JSON.stringify(trust.extraHeaderPrefixes),
  };
}
