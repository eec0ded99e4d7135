import { type Api, ApiError, createApi, type Kubeconfig, loadKubeconfig, transportFor } from '@keelson/client';
import { Refusal } from '@keelson/deploy-local';
import { parseYaml } from '@keelson/machinery';
import { caHash, generateToken, parseToken } from '@keelson/pki';
import { ConfigMap, Secret } from '@keelson/types';
import { Command } from 'commander';
import { joinWords } from '../join-command.ts';
import { layoutOf } from '../layout.ts';
import { configKeys } from '../objects/config-maps.ts';
import {
  defaultNodeTokenGroup,
  renderTokens,
  type Token,
  tokenInfo,
  tokenOf,
  tokenProblem,
  tokenSecret,
  tokenSecretName,
  tokenUsages,
} from '../objects/tokens.ts';
import { type OutputForm, renderedEach } from '../output.ts';
import { type CommandDeps, list, machineCommand, outputOption, refuseIf, tokenTtl } from './command.ts';

interface TokenOptions {
  readonly root: string;
  /** The administrator's below the root, when absent. */
  readonly kubeconfig?: string;
  readonly dryRun: boolean;
}

interface ListOptions extends TokenOptions {
  readonly output: OutputForm;
}

interface CreateOptions extends TokenOptions {
  readonly certificateKey?: string;
  readonly description?: string;
  readonly groups: readonly string[];
  readonly printJoinCommand: boolean;
  readonly ttl: number;
  readonly usages: readonly string[];
}

/** `kubeadm token create|list|delete|generate`. */
export function tokenCommand(deps: CommandDeps): Command {
  const { random, print } = deps;
  const command = new Command('token').description('Tokens that machines join with');
  command.addCommand(
    calling('create', 'Make a token known to the cluster and print it')
      .argument('[token]', 'the token; a new one when absent')
      .option('--certificate-key <hex>', 'with --print-join-command, print how one more control plane joins')
      .option('--description <text>', 'what it is for')
      .option('--groups <name,…>', 'groups of who comes with it', list, [defaultNodeTokenGroup])
      .option('--print-join-command', 'print the whole command that a machine joins with', false)
      .addOption(tokenTtl('--ttl'))
      .option('--usages <name,…>', 'what it is good for', list, [...tokenUsages])
      .action((text: string | undefined, options: CreateOptions) => create(text ?? generateToken(random), options, deps)),
  );
  command.addCommand(
    calling('list', "Show the cluster's tokens")
      .addOption(outputOption())
      .action((options: ListOptions) => show(options, deps)),
  );
  command.addCommand(
    calling('delete', 'Make tokens unknown to the cluster')
      .argument('<token...>', 'tokens, or their first six characters')
      .action((tokens: readonly string[], options: TokenOptions) => remove(tokens, options, deps)),
  );
  command.addCommand(
    new Command('generate').description('Print a token and tell nobody').action(() => print(`${generateToken(random)}\n`)),
  );
  return command;
}

function calling(name: string, description: string): Command {
  return machineCommand(name, description)
    .option('--kubeconfig <file>', 'credentials to use (default: /etc/kubernetes/admin.conf)')
    .option('--dry-run', 'change nothing', false);
}

async function create(text: string, options: CreateOptions, { clock, print }: CommandDeps): Promise<void> {
  const { ttl, usages, groups, description, printJoinCommand, dryRun, certificateKey } = options;
  const parsed = parseToken(text);
  if (!parsed) throw new Refusal(`${text} is no token: six characters, a dot and sixteen more, of a-z and 0-9`);
  refuseIf(tokenProblem({ usages, groups }));
  const expires = ttl === 0 ? {} : { expires: clock.now() + ttl };
  const token: Token = { ...parsed, usages, groups, ...expires, ...(description === undefined ? {} : { description }) };
  await calls(options, async (api) => {
    await api.create(Secret, tokenSecret(token), { dryRun }).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
      throw new Refusal(`a token that begins with ${token.id} exists already`);
    });
    if (!printJoinCommand) return print(`${text}\n`);
    const key = certificateKey === undefined ? {} : { certificateKey };
    print(`${joinWords({ ...(await joinTarget(api)), token: text, ...key }).join(' ')}\n`);
  });
}

/** Where machines join, as the cluster tells everybody. */
async function joinTarget(api: Api): Promise<{ endpoint: string; caHash: string }> {
  const { data } = await api.get(ConfigMap, configKeys.clusterInfo);
  const cluster = (parseYaml(data?.kubeconfig ?? '').value as Kubeconfig | null)?.clusters?.[0]?.cluster;
  if (!cluster?.server) throw new Refusal('ConfigMap kube-public/cluster-info does not say where the cluster is');
  const ca = Buffer.from(cluster['certificate-authority-data'] ?? '', 'base64').toString();
  return { endpoint: new URL(cluster.server).host, caHash: caHash(ca) };
}

async function show(options: ListOptions, { clock, print }: CommandDeps): Promise<void> {
  await calls(options, async (api) => {
    const fieldSelector = 'type=bootstrap.kubernetes.io/token';
    const { items } = await api.list(Secret, { namespace: 'kube-system', fieldSelector });
    const tokens = items.map(tokenOf).filter((token): token is Token => token !== undefined);
    print(
      options.output === 'text' ? renderTokens(tokens, clock.now()) : renderedEach(options.output, 'BootstrapToken', tokens.map(tokenInfo)),
    );
  });
}

async function remove(tokens: readonly string[], options: TokenOptions, { print }: CommandDeps): Promise<void> {
  const ids = tokens.map((text) => {
    const id = parseToken(text)?.id ?? text;
    if (!/^[a-z0-9]{6}$/.test(id)) throw new Refusal(`${text} is neither a token nor its first six characters`);
    return id;
  });
  await calls(options, async (api) => {
    for (const id of ids) {
      const name = tokenSecretName(id);
      await api.delete(Secret, { name, namespace: 'kube-system' }, { dryRun: options.dryRun }).catch((error: unknown) => {
        if (error instanceof ApiError && error.reason === 'NotFound') throw new Refusal(`no token begins with ${id}`);
        throw error;
      });
      print(`bootstrap token "${id}" deleted\n`);
    }
  });
}

async function calls({ root, kubeconfig }: TokenOptions, use: (api: Api) => Promise<void>): Promise<void> {
  const transport = transportFor(loadKubeconfig(kubeconfig ?? layoutOf(root).kubeconfig('admin')));
  try {
    await use(createApi(transport));
  } finally {
    transport.close();
  }
}
