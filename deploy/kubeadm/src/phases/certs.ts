import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureCertificates, Refusal } from '@keelson/deploy-local';
import { type Credential, issue } from '@keelson/pki';
import { wantedCertificates, wantedClients } from '../certificates.ts';
import { certificateUser, kubeconfigFor } from '../kubeconfigs.ts';
import { authorityNames } from '../renewal/certificates.ts';
import { authorityOf } from '../renewal/files.ts';
import { type Context, kubeconfigServer, writeKubeconfig } from './context.ts';

/**
 * The control plane's certificates, from the authorities in the pki directory or from new ones. @throws Refusal where an authority lies
 * there without its key.
 */
export async function makeCertificates(context: Pick<Context, 'machine' | 'layout' | 'clock' | 'say'>): Promise<void> {
  const { machine, layout, clock, say } = context;
  for (const name of authorityNames) {
    const found = await authorityOf(layout, name);
    if (found && found.keyPem === undefined) {
      throw new Refusal(`${join(layout.pki, name)}.crt is there without its key: put ${name}.key beside it, or take it away for a new one`);
    }
  }
  await ensureCertificates(layout.pki, wantedCertificates(machine), clock, machine.cluster);
  say(`certificates are in ${layout.pki}`);
}

export interface EtcdFiles {
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
}

/** Puts the files by which etcd is called where kubeadm has them. @throws Refusal naming a file that cannot be read. */
export async function copyEtcdFiles({ layout }: Context, { etcdCafile, etcdCertfile, etcdKeyfile }: EtcdFiles): Promise<void> {
  const copies = { 'etcd/ca.crt': etcdCafile, 'apiserver-etcd-client.crt': etcdCertfile, 'apiserver-etcd-client.key': etcdKeyfile };
  for (const [name, source] of Object.entries(copies)) {
    if (source === undefined) continue;
    const content = await readFile(source).catch(() => Promise.reject(new Refusal(`${source} cannot be read`)));
    await writePrivate(join(layout.pki, name), content);
  }
}

/** Writes a file for its owner alone. */
export async function writePrivate(path: string, content: Buffer | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, content, { mode: 0o600 });
}

/** Kubeconfigs of the administrators, the controller manager, the scheduler and, unless it joins with a token, the kubelet. */
export async function makeKubeconfigs(context: Context, names: readonly string[]): Promise<void> {
  const { machine, layout, clock } = context;
  const { certificateDays: days, clusterName } = machine.cluster;
  const ca = await authority(layout.pki);
  for (const wanted of wantedClients(machine).filter(({ file }) => names.includes(file))) {
    const credential = await issue({ ...wanted, ca, days, clock });
    const target = { clusterName, server: kubeconfigServer(machine, wanted.file), caPem: ca.certPem };
    const user = wanted.file === 'kubelet' ? await kubeletUser(context, credential) : certificateUser(credential);
    await writeKubeconfig(layout.kubeconfig(wanted.file), kubeconfigFor(target, wanted.commonName, user));
  }
  context.say(`kubeconfigs are in ${layout.kubernetes}`);
}

/** The kubelet renews its own certificate: it lies where the kubelet will put the next one. */
async function kubeletUser(
  { layout }: Context,
  { certPem, keyPem }: Credential,
): Promise<{ 'client-certificate': string; 'client-key': string }> {
  const path = join(layout.kubeletPki, 'kubelet-client-current.pem');
  await writePrivate(path, certPem + keyPem);
  return { 'client-certificate': path, 'client-key': path };
}

async function authority(pki: string): Promise<Credential> {
  const [certPem, keyPem] = await Promise.all(['ca.crt', 'ca.key'].map((name) => readFile(join(pki, name), 'utf8')));
  return { certPem: certPem ?? '', keyPem: keyPem ?? '' };
}
