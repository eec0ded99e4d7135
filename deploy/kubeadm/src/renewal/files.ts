import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Kubeconfig, type KubeconfigUser, renderKubeconfig } from '@keelson/client';
import { replaceFile } from '@keelson/deploy-local';
import { parseYaml } from '@keelson/machinery';
import { type Credential, issue, subjectOf, type Terms, type Usage } from '@keelson/pki';
import { certificateUser } from '../kubeconfigs.ts';
import type { Layout } from '../layout.ts';
import { isKubeconfig, type Renewable } from './certificates.ts';

/** The certificate of that name, PEM; undefined where there is none. @throws when a kubeconfig holds none that can be read. */
export async function certificateOf(layout: Layout, name: string): Promise<string | undefined> {
  if (!isKubeconfig(name)) return textOf(join(layout.pki, `${name}.crt`));
  const config = await kubeconfigOf(layout, name);
  const data = config && currentUser(config)?.['client-certificate-data'];
  return data ? Buffer.from(data, 'base64').toString() : undefined;
}

/** An authority; without its key when that is kept somewhere else, undefined when it is not there at all. */
export async function authorityOf({ pki }: Layout, name: string): Promise<{ certPem: string; keyPem: string | undefined } | undefined> {
  const [certPem, keyPem] = await Promise.all([textOf(join(pki, `${name}.crt`)), textOf(join(pki, `${name}.key`))]);
  return certPem === undefined ? undefined : { certPem, keyPem };
}

export function expiresAt(certPem: string): number {
  return new X509Certificate(certPem).validToDate.getTime();
}

/** A new key and certificate with the subject, the names and the usages of another one. */
export function reissue(certPem: string, { ca, days, clock }: Pick<Terms, 'ca' | 'days' | 'clock'>): Promise<Credential> {
  const certificate = new X509Certificate(certPem);
  const names = (certificate.subjectAltName ?? '').split(', ');
  const of = (prefix: string): string[] => names.flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  const usages = Object.entries(usageOf).flatMap(([id, usage]) => (certificate.keyUsage?.includes(id) ? [usage] : []));
  return issue({ ...subjectOf(certificate), dnsNames: of('DNS:'), ips: of('IP Address:'), usages, ca, days, clock });
}

const usageOf: Readonly<Record<string, Usage>> = { '1.3.6.1.5.5.7.3.1': 'server', '1.3.6.1.5.5.7.3.2': 'client' };

/** Puts a renewed certificate where the old one was. */
export async function putCertificate(layout: Layout, { name }: Pick<Renewable, 'name'>, credential: Credential): Promise<void> {
  if (!isKubeconfig(name)) {
    await replaceFile(join(layout.pki, `${name}.key`), credential.keyPem);
    return replaceFile(join(layout.pki, `${name}.crt`), credential.certPem);
  }
  const config = await kubeconfigOf(layout, name);
  const user = config && currentUser(config);
  if (!config || !user) throw new Error(`${kubeconfigPath(layout, name)} has no user`);
  Object.assign(user, certificateUser(credential));
  await replaceFile(kubeconfigPath(layout, name), renderKubeconfig(config));
}

async function kubeconfigOf(layout: Layout, name: string): Promise<Kubeconfig | undefined> {
  const text = await textOf(kubeconfigPath(layout, name));
  return text === undefined ? undefined : ((parseYaml(text).value ?? {}) as Kubeconfig);
}

function kubeconfigPath({ kubernetes }: Layout, name: string): string {
  return join(kubernetes, name);
}

function currentUser(config: Kubeconfig): KubeconfigUser | undefined {
  const name = config.contexts?.find((context) => context.name === config['current-context'])?.context.user;
  return config.users?.find((user) => user.name === name)?.user;
}

/** Undefined where there is no such file. */
async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
