import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import type { Clock, Logger } from '@keelson/base';
import { followFiles } from './followed-files.ts';

/** The files that a listener serves with. Empty: not given. */
export interface ServingFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCA: string;
}

/** What they say, PEM. */
export interface ServingTexts {
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Empty: nobody is believed. */
  readonly clientCA?: string;
}

/** What a listener speaks, whatever its files say. */
export type TlsTerms = Pick<SecureContextOptions, 'minVersion' | 'ciphers'>;

const usualTerms: TlsTerms = { minVersion: 'TLSv1.2' };

/** By what a listener is shown, and believes its clients. TLS 1.2 and later unless told. */
export function secureContext({ tls, clientCA }: ServingTexts, terms = usualTerms): SecureContextOptions {
  // Where there is no text, Node would believe the authorities of the web.
  return { ...tls, ...(clientCA === undefined ? {} : { ca: clientCA || [] }), ...terms };
}

/**
 * Changes what a listener that began with `first` is shown and believes by, for new connections, also for those that resume a session; what
 * is not given stays. The function throws when key and certificate do not match: then nothing has changed.
 */
export function presenter(
  server: Pick<Server, 'setSecureContext'>,
  first: ServingTexts,
  terms = usualTerms,
): (texts: ServingTexts) => void {
  let present = first;
  return (texts) => {
    const next = { ...present, ...texts };
    server.setSecureContext(secureContext(next, terms));
    present = next;
  };
}

/** @throws the operating system's error for a file that cannot be read; Error for authorities that are none. */
export function readServing(files: ServingFiles): ServingTexts {
  return textsOf(files, (path) => readFileSync(path, 'utf8'));
}

/**
 * Has a listener serve with its files as they become, as upstream's dynamic certificates. `present` throws when key and certificate do not
 * match: they are replaced one after the other. @param read what it serves with now. Resolves when the signal aborts.
 */
export async function followServing(
  files: ServingFiles,
  read: ServingTexts,
  present: (texts: ServingTexts) => void,
  deps: { readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const paths = [...(files.cert ? [files.cert, files.key] : []), ...(files.clientCA ? [files.clientCA] : [])];
  const texts = [...(read.tls ? [read.tls.cert, read.tls.key] : []), ...(read.clientCA ? [read.clientCA] : [])];
  const take = (next: readonly string[]): void => present(textsOf(files, (path) => next[paths.indexOf(path)] ?? ''));
  if (paths.length > 0) await followFiles({ paths, texts, take }, deps);
}

function textsOf({ cert, key, clientCA }: ServingFiles, text: (path: string) => string): ServingTexts {
  const tls = cert ? { tls: { cert: text(cert), key: text(key) } } : {};
  return clientCA ? { ...tls, clientCA: authorities(clientCA, text(clientCA)) } : tls;
}

/** OpenSSL takes a text without certificates, and then believes nobody. */
function authorities(path: string, pem: string): string {
  try {
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new Error(`${path} holds no certificate of an authority`, { cause: error });
  }
}
