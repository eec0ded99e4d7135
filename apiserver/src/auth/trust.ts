import type { FrontProxyTrust } from '@keelson/pki';

/** Whom the server believes by certificate. Swapped as a whole when a file has changed: who remembers a judgement remembers by which. */
export interface Trust {
  /** PEM; authorities of clients. */
  readonly clientCA: string;
  /** Proxies that may say on whose behalf they ask; none when absent. Only their authority changes. */
  readonly frontProxies?: FrontProxyTrust | undefined;
}

/** Where there are no certificates. */
export const noTrust: Trust = { clientCA: '' };

/** All authorities, for the listener to ask for. PEM. */
export function authoritiesOf({ clientCA, frontProxies }: Trust): string {
  return [clientCA, frontProxies?.caPem].filter(Boolean).join('\n');
}
