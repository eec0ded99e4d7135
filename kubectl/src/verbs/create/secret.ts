import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FlagSpecs } from '../../flags.ts';
import { type AnyObject, type Context, defineVerb, type Verb, type VerbEntry } from '../../types.ts';
import { collectData, type DataWords, dataFlags, hashFlag } from './data.ts';
import { generator, nameOf } from './generator.ts';
import { withHash } from './hash.ts';

const words: DataWords = {
  invalid: (key, problems) => `${JSON.stringify(key)} is not valid key name for a Secret ${problems}`,
  taken: (key) => `cannot add key ${key}, another key by that name already exists`,
};

type Data = Iterable<readonly [string, Buffer]>;

/** A subverb of `create secret`; its name comes before its data, so that a missing name is told first. */
function secret<const F extends FlagSpecs>(usage: string, flags: F, dataOf: (context: Context<F>) => Promise<Data>, type?: string): Verb {
  return generator(`secret ${usage}`, { ...hashFlag, ...flags }, async (context) => {
    const name = nameOf(context);
    const data = await dataOf(context as unknown as Context<F>);
    const encoded = Object.fromEntries(Array.from(data, ([key, value]) => [key, value.toString('base64')]));
    const filled = Object.keys(encoded).length > 0 ? { data: encoded } : {};
    const kept = type ?? (context.flags as { readonly type?: string }).type;
    const made: AnyObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, ...filled, ...(kept ? { type: kept } : {}) };
    return (context.flags as { readonly 'append-hash'?: boolean })['append-hash'] ? withHash(made) : made;
  });
}

const generic: Verb = secret(
  'generic NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1]',
  { ...dataFlags, type: { type: 'string', help: 'The type of secret to create' } },
  ({ flags }) => collectData(flags, words),
);

const tls: Verb = secret(
  'tls NAME --cert=path/to/cert/file --key=path/to/key/file',
  {
    cert: { type: 'string', help: 'Path to PEM encoded public key certificate.' },
    key: { type: 'string', help: 'Path to private key associated with given certificate.' },
  },
  async ({ flags: { cert, key } }) => {
    if (!cert || !key) throw new Error('key and cert must be specified');
    const [certificate, privateKey] = [await readPem(cert), await readPem(key)];
    checkPair(certificate, privateKey);
    return [
      ['tls.crt', certificate],
      ['tls.key', privateKey],
    ];
  },
  'kubernetes.io/tls',
);

async function readPem(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`Cannot read file ${path}, open ${path}: ${code === 'ENOENT' ? 'no such file or directory' : code}`);
  }
}

/** @throws Error in the words of Go's tls. */
function checkPair(certificate: Buffer, key: Buffer): void {
  const isPem = (bytes: Buffer): boolean => bytes.includes('-----BEGIN ');
  if (!isPem(certificate)) throw new Error('tls: failed to find any PEM data in certificate input');
  if (!isPem(key)) throw new Error('tls: failed to find any PEM data in key input');
  let fits: boolean;
  try {
    fits = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    throw new Error('tls: failed to parse private key');
  }
  if (!fits) throw new Error('tls: private key does not match public key');
}

const dockerRegistry: Verb = secret(
  'docker-registry NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] [--from-file=[key=]source]',
  {
    'docker-email': { type: 'string', help: 'Email for Docker registry' },
    'docker-password': { type: 'string', help: 'Password for Docker registry authentication' },
    'docker-server': { type: 'string', default: 'https://index.docker.io/v1/', help: 'Server location for Docker registry' },
    'docker-username': { type: 'string', help: 'Username for Docker registry authentication' },
    'from-file': { type: 'list', help: 'A docker config file to take the credentials from.' },
  },
  async ({ flags }) => {
    const { 'docker-username': username, 'docker-password': password, 'docker-email': email, 'docker-server': server } = flags;
    if (flags['from-file'].length > 0) {
      const sources = { 'from-env-file': [], 'from-file': flags['from-file'].map(asDockerConfig), 'from-literal': [] };
      return collectData(sources, words);
    }
    if (!username || !password || !server)
      throw new Error('either --from-file or the combination of --docker-username, --docker-password and --docker-server is required');
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    const config = { auths: { [server]: { username, password, ...(email ? { email } : {}), auth } } };
    return [[dockerConfig, Buffer.from(JSON.stringify(config))]];
  },
  'kubernetes.io/dockerconfigjson',
);

const dockerConfig = '.dockerconfigjson';

/** A file that names no key is the configuration, whatever its own name. */
function asDockerConfig(source: string): string {
  return source.includes('=') || basename(source) === dockerConfig ? source : `${dockerConfig}=${source}`;
}

const subverbs: readonly VerbEntry[] = [
  { name: 'docker-registry', summary: 'Create a secret for use with a Docker registry', load: async () => dockerRegistry },
  { name: 'generic', summary: 'Create a secret from a local file, directory, or literal value', load: async () => generic },
  { name: 'tls', summary: 'Create a TLS secret', load: async () => tls },
];

export const verb: Verb = defineVerb({ usage: 'create secret (docker-registry | generic | tls) [options]', flags: {}, subverbs });
