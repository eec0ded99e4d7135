import { readFile } from 'node:fs/promises';
import { type AnyObject, defineVerb, type Verb, type VerbEntry } from '../../types.ts';
import { collectData, dataFlags } from './data.ts';
import { generator, nameOf } from './generator.ts';

function secret(name: string, data: Iterable<readonly [string, Buffer]>, type?: string): AnyObject {
  const encoded = Object.fromEntries(Array.from(data, ([key, value]) => [key, value.toString('base64')]));
  const filled = Object.keys(encoded).length > 0 ? { data: encoded } : {};
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, ...filled, ...(type ? { type } : {}) };
}

const generic: Verb = generator(
  'secret generic NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1]',
  { ...dataFlags, type: { type: 'string', help: 'The type of secret to create' } },
  async (context) => secret(nameOf(context), await collectData(context.flags), context.flags.type),
);

const tls: Verb = generator(
  'secret tls NAME --cert=path/to/cert/file --key=path/to/key/file',
  {
    cert: { type: 'string', help: 'Path to PEM encoded public key certificate.' },
    key: { type: 'string', help: 'Path to private key associated with given certificate.' },
  },
  async (context) => {
    const { cert, key } = context.flags;
    if (!cert || !key) throw new Error('key and cert must be specified');
    return secret(
      nameOf(context),
      [
        ['tls.crt', await readFile(cert)],
        ['tls.key', await readFile(key)],
      ],
      'kubernetes.io/tls',
    );
  },
);

const dockerRegistry: Verb = generator(
  'secret docker-registry NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] [--from-file=[key=]source]',
  {
    'docker-email': { type: 'string', help: 'Email for Docker registry' },
    'docker-password': { type: 'string', help: 'Password for Docker registry authentication' },
    'docker-server': { type: 'string', default: 'https://index.docker.io/v1/', help: 'Server location for Docker registry' },
    'docker-username': { type: 'string', help: 'Username for Docker registry authentication' },
    'from-file': { type: 'list', help: 'A docker config file to take the credentials from.' },
  },
  async (context) => {
    const { flags } = context;
    const [file] = flags['from-file'];
    const type = 'kubernetes.io/dockerconfigjson';
    if (file) return secret(nameOf(context), [['.dockerconfigjson', await readFile(file.replace(/^[^=]*=/, ''))]], type);
    const { 'docker-username': username, 'docker-password': password, 'docker-email': email, 'docker-server': server } = flags;
    if (!username || !password)
      throw new Error('either --from-file or the combination of --docker-username, --docker-password and --docker-server is required');
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    const config = { auths: { [server]: { username, password, ...(email ? { email } : {}), auth } } };
    return secret(nameOf(context), [['.dockerconfigjson', Buffer.from(JSON.stringify(config))]], type);
  },
);

const subverbs: readonly VerbEntry[] = [
  { name: 'docker-registry', summary: 'Create a secret for use with a Docker registry', load: async () => dockerRegistry },
  { name: 'generic', summary: 'Create a secret from a local file, directory, or literal value', load: async () => generic },
  { name: 'tls', summary: 'Create a TLS secret', load: async () => tls },
];

export const verb: Verb = defineVerb({ usage: 'create secret (docker-registry | generic | tls) [options]', flags: {}, subverbs });
