import { X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '@keelson/base';
import { type Credential, createCA, createKeyPair, distrust, issue, subjectOf } from '@keelson/pki';
import type { Cluster } from '../cluster/cluster.ts';
import { replaceFile } from '../cluster/file.ts';
import { clusterPaths } from '../cluster/paths.ts';
import { type Authority, authorities, type WantedCertificate, wantedCertificates } from './wanted.ts';

const day = 86_400_000;

/** How many days what is made is good for. Fractions are fine. */
export interface Validity {
  readonly authorityDays: number;
  readonly certificateDays: number;
}

/** As upstream has it: ten years, and one. */
export const usualValidity: Validity = { authorityDays: 3650, certificateDays: 365 };

export interface Pki {
  /** PEM, by name: certificates and keys of all that was asked for. */
  readonly credentials: ReadonlyMap<string, Credential>;
  readonly caPem: string;
}

/** The cluster's authorities, certificates and service account keys, kept in `pki` below its data directory. */
export function ensurePki(cluster: Cluster, clock: Clock): Promise<Pki> {
  return ensureCertificates(clusterPaths(cluster.dataDir).pki, wantedCertificates(cluster), clock);
}

/**
 * Certificates, their authorities and service account keys in a directory. What is there stays, except certificates that no longer fit:
 * another address, another authority, or a month to go.
 */
export async function ensureCertificates(
  directory: string,
  wanted: readonly WantedCertificate[],
  clock: Clock,
  { authorityDays, certificateDays }: Validity = usualValidity,
): Promise<Pki> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const used = [...new Set(wanted.map(({ ca }) => ca))];
  const pairs = await Promise.all(used.map(async (name) => [name, await ensureAuthority(directory, name, authorityDays, clock)] as const));
  const cas = new Map<Authority, Credential>(pairs);
  const made = wanted.map(
    async (one) => [one.file, await ensureCertificate(directory, one, cas.get(one.ca), certificateDays, clock)] as const,
  );
  const [credentials] = await Promise.all([Promise.all(made), ensureServiceAccountKeys(directory)]);
  return { credentials: new Map(credentials), caPem: cas.get('ca')?.certPem ?? '' };
}

async function ensureAuthority(directory: string, name: Authority, days: number, clock: Clock): Promise<Credential> {
  const path = join(directory, name);
  const found = await read(path);
  if (found) return found;
  return write(path, await createCA({ commonName: authorities[name], days, clock }));
}

async function ensureCertificate(
  directory: string,
  wanted: WantedCertificate,
  ca: Credential | undefined,
  days: number,
  clock: Clock,
): Promise<Credential> {
  const path = join(directory, wanted.file);
  const found = await read(path);
  if (!ca) throw new Error(`there is no authority ${wanted.ca}`);
  if (found && fits(found.certPem, wanted, ca.certPem, clock.now() + 30 * day)) return found;
  return write(path, await issue({ ...wanted, ca, days, clock }));
}

/** Whether a certificate is what is wanted, and will be at `then`. */
export function fits(certPem: string, wanted: WantedCertificate, caPem: string, then: number): boolean {
  const certificate = new X509Certificate(certPem);
  const { commonName, organizations } = subjectOf(certificate);
  if (commonName !== wanted.commonName || organizations.join() !== (wanted.organizations ?? []).join()) return false;
  const names = new Set((certificate.subjectAltName ?? '').split(', '));
  const asked = [...(wanted.dnsNames ?? []).map((name) => `DNS:${name}`), ...(wanted.ips ?? []).map((ip) => `IP Address:${ip}`)];
  return (
    asked.every((name) => names.has(name)) &&
    wanted.usages.every((usage) => distrust(certificate, { caPem, now: then, usage }) === undefined)
  );
}

async function ensureServiceAccountKeys(directory: string): Promise<void> {
  const path = join(directory, 'sa');
  if ((await textOf(`${path}.key`)) !== undefined && (await textOf(`${path}.pub`)) !== undefined) return;
  // RSA: the keys are published, and not every client that checks tokens knows elliptic curves.
  const { privateKeyPem, publicKeyPem } = await createKeyPair('RSA');
  await replaceFile(`${path}.key`, privateKeyPem);
  await replaceFile(`${path}.pub`, publicKeyPem);
}

async function read(path: string): Promise<Credential | undefined> {
  const [certPem, keyPem] = await Promise.all([textOf(`${path}.crt`), textOf(`${path}.key`)]);
  return certPem === undefined || keyPem === undefined ? undefined : { certPem, keyPem };
}

async function write(path: string, credential: Credential): Promise<Credential> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await replaceFile(`${path}.key`, credential.keyPem);
  await replaceFile(`${path}.crt`, credential.certPem);
  return credential;
}

function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
