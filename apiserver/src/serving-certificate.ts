import { constants } from 'node:fs';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@keelson/base';
import { issueTemporary } from '@keelson/pki';

/** Flags that say with which certificate the server is served. */
export interface ServingFlags {
  readonly 'tls-cert-file': string;
  readonly 'tls-private-key-file': string;
  readonly 'cert-dir': string;
}

/** Under which addresses and names clients reach the server. */
export interface ServedAs {
  readonly host: string;
  /** The first address of the service range: that of the Service `kubernetes`. */
  readonly serviceAddress: string;
}

/**
 * Where the serving certificate and its key are, PEM: the files that are named, or else `apiserver.crt` and `apiserver.key` of `--cert-dir`,
 * which are made when they are not both there, from an authority nobody keeps.
 * @throws Error in one sentence: only one file named, a directory that cannot be written.
 */
export async function servingFiles(flags: ServingFlags, names: ServedAs, clock: Clock): Promise<readonly [cert: string, key: string]> {
  const [certFile, keyFile] = [flags['tls-cert-file'], flags['tls-private-key-file']];
  if (certFile && keyFile) return [certFile, keyFile];
  if (certFile || keyFile) throw new Error('--tls-cert-file and --tls-private-key-file must be given together');
  const directory = flags['cert-dir'];
  if (!directory) throw new Error('--tls-cert-file and --tls-private-key-file must be given where --cert-dir is empty');
  const [crt, key] = [join(directory, 'apiserver.crt'), join(directory, 'apiserver.key')];
  if (await areReadable(crt, key)) return [crt, key];
  const made = await issueTemporary(names.host, addresses(names), clock);
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(crt, made.cert, { mode: 0o644 });
    await writeFile(key, made.key, { mode: 0o600 });
  } catch (error) {
    throw new Error(`cannot write a serving certificate to --cert-dir=${directory}: ${(error as Error).message}`, { cause: error });
  }
  return [crt, key];
}

function addresses({ host, serviceAddress }: ServedAs): { dnsNames: string[]; ips: string[] } {
  return { dnsNames: ['kubernetes.default.svc', 'kubernetes.default', 'kubernetes'], ips: [host, serviceAddress] };
}

function areReadable(...paths: readonly string[]): Promise<boolean> {
  return Promise.all(paths.map((path) => access(path, constants.R_OK))).then(
    () => true,
    () => false,
  );
}
