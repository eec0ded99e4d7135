import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { type Clock, errorMessage, type Logger } from '@keelson/base';
import type { Api } from '@keelson/client';
import type { DelegatedAuth, UserInfo } from '@keelson/component';
import { distrustProxy, type FrontProxyTrust, leadsTo, proxiedIdentity } from '@keelson/pki';
import { ConfigMap } from '@keelson/types';

/** Which client certificates count: those of the cluster's users, and those of the API servers that speak for them. */
export interface Trust {
  /** PEM; absent where the cluster has none. */
  readonly clientCA: string | undefined;
  readonly frontProxy: FrontProxyTrust | undefined;
}

export const nobodyTrusted: Trust = { clientCA: undefined, frontProxy: undefined };

/** All authorities, for the listener to ask for. PEM. */
export function authoritiesOf({ clientCA, frontProxy }: Trust): string {
  return [clientCA, frontProxy?.caPem].filter(Boolean).join('\n');
}

/** What the cluster's ConfigMap for extension API servers says. */
export function readTrust(data: Readonly<Record<string, string>>): Trust {
  const list = (name: string, otherwise: readonly string[] = []): readonly string[] =>
    data[name] === undefined ? otherwise : (JSON.parse(data[name]) as string[]);
  const caPem = data['requestheader-client-ca-file'];
  const frontProxy = caPem && {
    caPem,
    allowedNames: list('requestheader-allowed-names'),
    usernameHeaders: list('requestheader-username-headers'),
    uidHeaders: list('requestheader-uid-headers', ['X-Remote-Uid']),
    groupHeaders: list('requestheader-group-headers'),
    extraHeaderPrefixes: list('requestheader-extra-headers-prefix'),
  };
  return { clientCA: data['client-ca-file'] || undefined, frontProxy: frontProxy || undefined };
}

const configMap = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };

/** Asks the API server; what was trusted before stays when it does not answer. */
export async function lookUpTrust(api: Api, before: Trust, log: Logger): Promise<Trust> {
  try {
    const { data = {} } = await api.get(ConfigMap, configMap);
    return readTrust(data);
  } catch (error) {
    log.warn(`cannot read configmap ${configMap.namespace}/${configMap.name}`, { err: errorMessage(error) });
    return before;
  }
}

/** Who asks: whom a trusted API server names, else whom the client's own certificate or token proves. Undefined: nobody believable. */
export async function identify(
  request: IncomingMessage,
  { clientCA, frontProxy }: Trust,
  delegated: DelegatedAuth,
  clock: Clock,
): Promise<UserInfo | undefined> {
  const certificate = (request.socket as TLSSocket).getPeerX509Certificate();
  if (!certificate) return delegated.authenticate(request);
  if (frontProxy && distrustProxy(certificate, frontProxy, clock.now()) === undefined) {
    const named = proxiedIdentity(request.headersDistinct, frontProxy);
    if (!named) return undefined;
    const { name: username, ...rest } = named;
    return { username, ...rest };
  }
  return clientCA !== undefined && leadsTo(certificate, clientCA) ? delegated.authenticate(request) : undefined;
}
