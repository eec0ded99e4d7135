import { UsageError } from '../errors.ts';
import { type Context, defineVerb, type Verb } from '../types.ts';
import { changeConfig } from './config-file.ts';
import { defined, type Entry, embed, file, given, nameOf, upsert } from './config-set.ts';

const credentialFlags = {
  ...embed,
  'auth-provider': { type: 'string', help: 'Auth provider for the user entry in kubeconfig' },
  'auth-provider-arg': { type: 'list', help: "'key=value' arguments for the auth provider" },
  'client-certificate': { type: 'string', help: 'Path to client-certificate file for the user entry in kubeconfig' },
  'client-key': { type: 'string', help: 'Path to client-key file for the user entry in kubeconfig' },
  password: { type: 'string', help: 'password for the user entry in kubeconfig' },
  token: { type: 'string', help: 'token for the user entry in kubeconfig' },
  username: { type: 'string', help: 'username for the user entry in kubeconfig' },
  'exec-api-version': { type: 'string', help: 'API version of the exec credential plugin for the user entry in kubeconfig' },
  'exec-arg': { type: 'list', help: 'New arguments for the exec credential plugin command for the user entry in kubeconfig' },
  'exec-command': { type: 'string', help: 'Command for the exec credential plugin for the user entry in kubeconfig' },
  'exec-env': { type: 'list', help: "'key=value' environment values for the exec credential plugin; 'key-' removes one" },
  'exec-interactive-mode': { type: 'string', help: 'InteractiveMode of the exec credentials plugin for the user entry in kubeconfig' },
  'exec-provide-cluster-info': {
    type: 'bool',
    help: 'ProvideClusterInfo of the exec credentials plugin for the user entry in kubeconfig',
  },
} as const;

type CredentialContext = Context<typeof credentialFlags>;

export const setCredentials: Verb = defineVerb({
  usage:
    'config set-credentials NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token] [--username=basic_user] [--password=basic_password] [--auth-provider=provider_name] [--auth-provider-arg=key=value] [--exec-command=exec_command] [--exec-api-version=exec_api_version] [--exec-arg=arg] [--exec-env=key=value] [options]',
  flags: credentialFlags,
  async run(context) {
    const name = nameOf(context, 'unexpected args');
    requirePairs(context.flags['auth-provider-arg'], 'auth-provider-arg');
    requirePairs(context.flags['exec-env'], 'exec-env');
    if (context.flags['embed-certs'] && !given(context, 'client-certificate') && !given(context, 'client-key'))
      throw new Error('you must specify a --client-certificate or --client-key to embed');
    if (!['', 'IfAvailable', 'Never', 'Always'].includes(context.flags['exec-interactive-mode']))
      throw new Error('invalid interactive mode type, can be only IfAvailable, Never, Always');
    const changes: Entry = { ...secrets(context), ...certificates(context) };
    changeConfig(context, (config) => {
      const { all } = upsert(config.users, name, (old) => ({
        name,
        user: defined({
          ...old?.user,
          ...changes,
          ...authProvider(context, (old?.user as Entry | undefined)?.['auth-provider'] as Entry | undefined),
          ...exec(context, old?.user.exec as Entry | undefined),
        }),
      }));
      return { ...config, users: all };
    });
    context.shell.stdout.write(`User ${JSON.stringify(name)} set.\n`);
  },
});

/** @throws UsageError for what is neither `key=value` nor `key-`. */
function requirePairs(texts: readonly string[], flag: string): void {
  const wrong = texts.find((text) => !/^[^=]+=|^[^=]+-$/.test(text));
  if (wrong !== undefined) throw new UsageError(`invalid ${flag} format: ${wrong}`, 'help');
}

/** A token or a name and password; whichever is given takes the other's place. */
function secrets(context: CredentialContext): Entry {
  const token = given(context, 'token');
  const [username, password] = [given(context, 'username'), given(context, 'password')];
  const basic = username !== undefined || password !== undefined;
  if (token && (username || password))
    throw new Error('you cannot specify more than one authentication method at the same time: --token, --username/--password');
  if (token !== undefined) return { token, username: undefined, password: undefined };
  if (!basic) return {};
  return { token: undefined, ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

function certificates(context: CredentialContext): Entry {
  const files = ['client-certificate', 'client-key'].map((flag) => {
    const path = given(context, flag);
    return path === undefined ? {} : file(context, flag, path, context.flags['embed-certs']);
  });
  return Object.assign({}, ...files) as Entry;
}

/** A named provider takes another's place; arguments are added to those it has, and `key-` removes one. */
function authProvider({ flags }: CredentialContext, old: Entry | undefined): Entry {
  const name = flags['auth-provider'] || (old?.name as string | undefined);
  if (!name || (flags['auth-provider'] === '' && flags['auth-provider-arg'].length === 0)) return {};
  const config = new Map(Object.entries((name === old?.name ? old.config : undefined) ?? {}));
  for (const each of flags['auth-provider-arg']) {
    const at = each.indexOf('=');
    if (at > 0) config.set(each.slice(0, at), each.slice(at + 1));
    else config.delete(each.slice(0, -1));
  }
  return { 'auth-provider': { config: config.size === 0 && !old?.config ? null : Object.fromEntries(config), name } };
}

/** The program that gives credentials: made by its command, and changed by the other flags once it is there. */
function exec(context: CredentialContext, old: Entry | undefined): Entry {
  const { flags } = context;
  const command = flags['exec-command'] || old?.command;
  if (!command) return {};
  const version = given(context, 'exec-api-version');
  const mode = given(context, 'exec-interactive-mode');
  const changed = {
    ...(version === undefined ? {} : { apiVersion: version }),
    ...(flags['exec-arg'].length > 0 ? { args: [...flags['exec-arg']] } : {}),
    ...(flags['exec-env'].length > 0 ? { env: variables(flags['exec-env'], old?.env) } : {}),
    ...(mode === undefined ? {} : { interactiveMode: mode }),
    ...(flags['exec-provide-cluster-info'] ? { provideClusterInfo: true } : {}),
  };
  return { exec: { args: null, env: null, provideClusterInfo: false, ...old, command, ...changed } };
}

function variables(texts: readonly string[], old: unknown): object[] {
  const all = new Map(((old ?? []) as { name: string; value: string }[]).map(({ name, value }) => [name, value]));
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at > 0) all.set(text.slice(0, at), text.slice(at + 1));
    else all.delete(text.slice(0, -1));
  }
  return Array.from(all, ([name, value]) => ({ name, value }));
}
