import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { renderKubeconfig } from '@keelson/client';
import { exists, Refusal, replaceFile } from '@keelson/deploy-local';
import { createCSR } from '@keelson/pki';
import { wantedCertificates, wantedClients } from '../certificates.ts';
import { kubeconfigFor } from '../kubeconfigs.ts';
import type { Layout } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { writePrivate } from '../phases/certs.ts';
import { kubeconfigServer } from '../phases/context.ts';
import { authorityOf } from './files.ts';

/** Where keys and requests go. */
export interface RequestDirectories {
  readonly pki: string;
  readonly kubeconfigs: string;
}

interface Told {
  readonly layout: Layout;
  readonly to: RequestDirectories;
  readonly say: (line: string) => void;
}

/**
 * Makes keys, and requests for certificates of them, for an authority whose key is kept elsewhere: of all that a control plane has, as
 * upstream's `certs generate-csr`. Keys of people and processes lie in kubeconfigs without a certificate. @throws Refusal, before anything is
 * written, where there is a key or a request already.
 */
export async function generateRequests(machine: Machine, { layout, to, say }: Told): Promise<void> {
  const certificates = wantedCertificates(machine);
  const clients = wantedClients(machine);
  const paths = [
    ...certificates.flatMap(({ file }) => [`${file}.key`, `${file}.csr`].map((name) => join(to.pki, name))),
    ...clients.flatMap(({ file }) => [`${file}.conf`, `${file}.conf.csr`].map((name) => join(to.kubeconfigs, name))),
  ];
  for (const path of paths) if (await exists(path)) throw new Refusal(`${path} already exists: name other directories`);
  for (const directory of [to.pki, to.kubeconfigs]) await mkdir(directory, { recursive: true, mode: 0o700 });

  say(`generating keys and CSRs in ${to.pki}`);
  for (const wanted of certificates) {
    const { csrPem, keyPem } = await createCSR(wanted);
    await writePrivate(join(to.pki, `${wanted.file}.key`), keyPem);
    await replaceFile(join(to.pki, `${wanted.file}.csr`), csrPem);
    say(`  ${wanted.file}`);
  }
  say(`generating keys and CSRs in ${to.kubeconfigs}`);
  const caPem = (await authorityOf(layout, 'ca'))?.certPem ?? '';
  for (const wanted of clients) {
    const { csrPem, keyPem } = await createCSR(wanted);
    const target = { clusterName: machine.cluster.clusterName, server: kubeconfigServer(machine, wanted.file), caPem };
    const user = { 'client-key-data': Buffer.from(keyPem).toString('base64') };
    await writePrivate(join(to.kubeconfigs, `${wanted.file}.conf`), renderKubeconfig(kubeconfigFor(target, wanted.commonName, user)));
    await replaceFile(join(to.kubeconfigs, `${wanted.file}.conf.csr`), csrPem);
    say(`  ${wanted.file}.conf`);
  }
}
