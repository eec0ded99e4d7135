import { X509Certificate } from 'node:crypto';
import type { Clock, Logger, Random } from '@keelson/base';
import { connectionOf, createApi, loadKubeconfig, resolveContext, type Transport, transportFor } from '@keelson/client';
import { userAgent } from '@keelson/component';
import { bootstrapClient } from './bootstrap.ts';
import { CertificateFiles, type HeldCertificate, heldCertificate } from './files.ts';
import { type CertificateWish, clientWish, servingWish } from './plan.ts';
import { requestCertificate } from './request.ts';
import { Rotation } from './rotation.ts';

export interface NodeCertificateOptions {
  readonly nodeName: string;
  /** Addresses to serve under. */
  readonly ips: readonly string[];
  /** Empty: kubectl's. */
  readonly kubeconfig: string;
  /** Empty: none. */
  readonly bootstrapKubeconfig: string;
  readonly certDir: string;
  readonly rotateClient: boolean;
  readonly rotateServing: boolean;
}

export interface NodeCertificateDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What a kubelet proves itself with. */
export interface NodeCertificates {
  /** To the API server, always with the newest certificate. */
  readonly transport: Transport;
  /** The certificate to serve with that the cluster's signers issued, if one is kept. */
  readonly serving: HeldCertificate | undefined;
  /** Has certificates renewed before they end. Resolves when the signal aborts. */
  rotate(onServing: (certificate: HeldCertificate) => void): Promise<void>;
}

/** Resolves once there is a kubeconfig to call the API server with: on the first start of a node that joins, when it was let in. */
export async function openNodeCertificates(options: NodeCertificateOptions, deps: NodeCertificateDeps): Promise<NodeCertificates> {
  const { nodeName, ips, kubeconfig, certDir, rotateClient, rotateServing } = options;
  const { clock, signal } = deps;
  const clientFiles = new CertificateFiles(certDir, 'kubelet-client', clock);
  await bootstrapClient({ ...options, files: clientFiles }, deps);
  const config = loadKubeconfig(kubeconfig || undefined);
  const first = rotateClient ? latest(clientFiles.load(), inKubeconfig(config)) : undefined;
  let newest = first;
  const use = (next: HeldCertificate): void => {
    newest = next;
  };
  const certificateSource = async (): Promise<HeldCertificate | undefined> => newest;
  const transport = transportFor(config, undefined, { userAgent: userAgent('kubelet'), ...(first ? { certificateSource } : {}) });
  const api = createApi(transport, { clock });
  const servingFiles = new CertificateFiles(certDir, 'kubelet-server', clock);
  const serving = rotateServing ? servingFiles.load() : undefined;
  const servingWanted = servingWish(nodeName, ips);
  const usable = serving && fits(serving, servingWanted) && serving.notAfter > clock.now() ? serving : undefined;
  return {
    transport,
    serving: usable,
    async rotate(onServing) {
      const rotation = (current: HeldCertificate | undefined, part: RotationPart): Rotation =>
        new Rotation(current, { ...deps, ...part, request: () => requestCertificate(part.wish, 'csr-', { ...deps, api }) });
      const client: RotationPart = { files: clientFiles, wish: clientWish(nodeName), changed: use };
      const server: RotationPart = { files: servingFiles, wish: servingWanted, changed: onServing };
      await Promise.all([first && rotation(first, client).run(signal), rotateServing && rotation(usable, server).run(signal)]);
    },
  };
}

interface RotationPart {
  readonly files: CertificateFiles;
  readonly wish: CertificateWish;
  readonly changed: (certificate: HeldCertificate) => void;
}

/** A kubeconfig that was made by hand has its first certificate in itself. */
function inKubeconfig(config: ReturnType<typeof loadKubeconfig>): HeldCertificate | undefined {
  const { certData, keyData } = connectionOf(resolveContext(config));
  return certData && keyData ? heldCertificate(`${certData}\n${keyData}`) : undefined;
}

function latest(a: HeldCertificate | undefined, b: HeldCertificate | undefined): HeldCertificate | undefined {
  return a && b ? (a.notAfter >= b.notAfter ? a : b) : (a ?? b);
}

/** Whether a certificate names all that is wanted: a node may have got another address. */
function fits({ cert }: HeldCertificate, { dnsNames, ips }: CertificateWish): boolean {
  const certificate = new X509Certificate(cert);
  return dnsNames.every((name) => certificate.checkHost(name)) && ips.every((ip) => certificate.checkIP(ip));
}
