import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '@keelson/base';
import type { ClientCertificate } from './connections.ts';

/** So long what was read is believed, in milliseconds: each request asks, files change once in months. */
const life = 60_000;

/**
 * The certificate that two files hold, as they become: what renews it replaces them, and client-go reads them again, too. Whoever asks gets
 * the same object for as long as it is the same certificate. Files that cannot be read or do not belong together, as while one of them has
 * been replaced, leave the last.
 * @param known what is in them now
 */
export function certificateFromFiles(
  files: { readonly cert: string; readonly key: string },
  known: ClientCertificate,
  clock: Clock = systemClock,
): () => Promise<ClientCertificate> {
  let current = known;
  let until = clock.now() + life;
  return async () => {
    if (clock.now() < until) return current;
    until = clock.now() + life;
    const found = await readPair(files).catch(() => current);
    if (String(found.cert) !== String(current.cert) || String(found.key) !== String(current.key)) current = found;
    return current;
  };
}

/** @throws Error when they cannot be read, or are not a pair. */
async function readPair(files: { readonly cert: string; readonly key: string }): Promise<ClientCertificate> {
  const [cert, key] = await Promise.all([readFile(files.cert), readFile(files.key)]);
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not that of the certificate');
  return { cert, key };
}
