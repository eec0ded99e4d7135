import { createSecureContext } from 'node:tls';
import type { Clock } from '@keelson/base';
import type { OptionValues } from '@keelson/component';
import { type FrontProxyTrust, parseBundle } from '@keelson/pki';
import { authoritiesOf, type Trust } from './auth/trust.ts';
import { FileValue, type Following } from './file-value.ts';
import type { RunningServer } from './http/listener/server.ts';
import type { apiserverOptions } from './options.ts';
import { type ServedAs, servingFiles } from './serving-certificate.ts';

type Options = OptionValues<typeof apiserverOptions>;

/** A certificate and its key, PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** What the server shows and whom it believes, as the files of its flags say at present. */
export interface CertificateFiles {
  readonly serving: FileValue<Pair>;
  readonly trust: FileValue<Trust>;
  /** For servers behind APIServices. */
  readonly proxyClient: FileValue<Pair> | undefined;
  readonly kubeletClient: FileValue<Pair> | undefined;
}

/** @throws Error in one sentence: a file that cannot be read or used, or one without its other half. */
export async function openCertificateFiles(options: Options, names: ServedAs, clock: Clock): Promise<CertificateFiles> {
  const [proxyCert, proxyKey] = [options['proxy-client-cert-file'], options['proxy-client-key-file']];
  if (!proxyCert !== !proxyKey) throw new Error('--proxy-client-cert-file and --proxy-client-key-file must be given together');
  const authorities = [options['client-ca-file'], options['requestheader-client-ca-file']].filter(Boolean);
  const [serving, trust, proxyClient, kubeletClient] = await Promise.all([
    servingFiles(options, names, clock).then((files) => FileValue.read(files, pairOf)),
    FileValue.read(authorities, (texts) => trustOf(options, texts)),
    pairIn(proxyCert, proxyKey),
    pairIn(options['kubelet-client-certificate'], options['kubelet-client-key']),
  ]);
  return { serving, trust, proxyClient, kubeletClient };
}

/**
 * Has files that are replaced take effect for new connections, as upstream's dynamic certificates. Open connections live on; what is asked
 * on them is judged by whom the server believes by then. Resolves when the signal aborts.
 */
export async function followCertificateFiles(
  { serving, trust, proxyClient, kubeletClient }: CertificateFiles,
  listener: Pick<RunningServer, 'present'>,
  around: Following,
): Promise<void> {
  await Promise.all([
    serving.follow(around, (tls) => listener.present({ tls })),
    trust.follow(around, (believed) => listener.present({ clientCA: authoritiesOf(believed) })),
    proxyClient?.follow(around),
    kubeletClient?.follow(around),
  ]);
}

async function pairIn(certFile: string, keyFile: string): Promise<FileValue<Pair> | undefined> {
  return certFile && keyFile ? FileValue.read([certFile, keyFile], pairOf) : undefined;
}

/** @throws when the key is not that of the certificate. */
function pairOf([cert = '', key = '']: readonly string[]): Pair {
  createSecureContext({ cert, key });
  return { cert, key };
}

function trustOf(options: Options, [clientCA = '', caPem]: readonly string[]): Trust {
  const all = { 'client-ca-file': clientCA, ...(caPem === undefined ? {} : { 'requestheader-client-ca-file': caPem }) };
  for (const [name, pem] of Object.entries(all)) if (parseBundle(pem).length === 0) throw new Error(`--${name} holds no certificate`);
  return { clientCA, frontProxies: caPem === undefined ? undefined : frontProxies(options, caPem) };
}

function frontProxies(options: Options, caPem: string): FrontProxyTrust {
  return {
    caPem,
    allowedNames: options['requestheader-allowed-names'],
    usernameHeaders: options['requestheader-username-headers'],
    uidHeaders: options['requestheader-uid-headers'],
    groupHeaders: options['requestheader-group-headers'],
    extraHeaderPrefixes: options['requestheader-extra-headers-prefix'],
  };
}
