import { encodeCertificate, parseBundle } from '@keelson/pki';
import type { Trust } from '../auth/trust.ts';
import type { Registry } from '../registry/registry.ts';
import { type Data, ensureConfigMap, keepConfigMap } from './config-map.ts';

const name = 'extension-apiserver-authentication';

/** Milliseconds between looks: as often as the authorities' files are looked at. */
const interval = 10_000;
/** Milliseconds for which a certificate counts as valid after its end, for clocks that are behind; upstream's. */
const slack = 5 * 60_000;

/**
 * ConfigMap `kube-system/extension-apiserver-authentication`: how extension API servers come to trust the same client certificates, and
 * this server when it says on whose behalf it asks. @throws Error while what somebody else wrote there cannot be read.
 */
export async function ensureExtensionAuthentication(registry: Registry, trust: Trust): Promise<void> {
  if (!trust.clientCA) return;
  await ensureConfigMap(registry, name, (data = {}) => combined(data, trust, registry.options.clock.now()));
}

/** Keeps it so, until the signal: authorities are renewed, and other servers add theirs. */
export async function keepExtensionAuthentication(registry: Registry, trust: () => Trust, signal: AbortSignal): Promise<void> {
  await keepConfigMap(registry, name, interval, () => ensureExtensionAuthentication(registry, trust()), signal);
}

/**
 * What is there and what this server trusts, as upstream: several servers share the ConfigMap, and an authority that was replaced is
 * trusted by extensions until it has expired. What else is there goes.
 */
function combined(present: Data, { clientCA, frontProxies }: Trust, now: number): Data {
  const authorities = (key: string, ours = ''): string => {
    const valid = parseBundle(`${present[key] ?? ''}\n${ours}`).filter(({ validToDate }) => validToDate.getTime() > now - slack);
    return [...new Set(valid.map(encodeCertificate))].join('');
  };
  const names = (key: string, ours: readonly string[] = []): Data => ({
    [key]: JSON.stringify([...new Set([...(JSON.parse(present[key] || '[]') as string[]), ...ours])]),
  });
  const clients = authorities('client-ca-file', clientCA);
  const proxies = authorities('requestheader-client-ca-file', frontProxies?.caPem);
  if (!proxies) return clients ? { 'client-ca-file': clients } : {};
  return {
    ...(clients ? { 'client-ca-file': clients } : {}),
    'requestheader-client-ca-file': proxies,
    ...names('requestheader-allowed-names', frontProxies?.allowedNames),
    ...names('requestheader-username-headers', frontProxies?.usernameHeaders),
    ...names('requestheader-uid-headers', frontProxies?.uidHeaders),
    ...names('requestheader-group-headers', frontProxies?.groupHeaders),
    ...names('requestheader-extra-headers-prefix', frontProxies?.extraHeaderPrefixes),
  };
}
