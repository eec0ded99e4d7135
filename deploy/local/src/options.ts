import { addons, addonsNamed } from '@keelson/addons';
import { errorMessage } from '@keelson/base';
import { Command, InvalidArgumentError, Option } from 'commander';

export type Store = 'sqlite' | 'etcd' | 'memory';
export type Runtime = 'containerd' | 'model';

/** What `npm run up` was asked for. Absent: not said, so that a cluster which is there already keeps what it has. */
export interface UpOptions {
  readonly dataDir: string;
  readonly port?: number;
  readonly store?: Store;
  readonly etcdServers?: readonly string[];
  readonly runtime?: Runtime;
  /** How many model nodes. */
  readonly nodes?: number;
  readonly netns?: string;
  readonly masquerade?: boolean;
  /** Names of `deploy/addons`. */
  readonly addons?: readonly string[];
  readonly foreground: boolean;
}

export interface DownOptions {
  readonly dataDir: string;
  readonly purge: boolean;
}

export interface StatusOptions {
  readonly dataDir: string;
}

/** Reads what follows `npm run up --`. Prints help or one sentence and exits the process when there is nothing to do. */
export function parseUp(argv: readonly string[]): UpOptions {
  const command = program('up', 'Starts a cluster on this machine and waits until it is ready; one that runs already is left as it is')
    .option('--port <n>', 'port of the API (default: 6443)', port)
    .addOption(new Option('--store <kind>', 'where objects are kept (default: sqlite)').choices(['sqlite', 'etcd', 'memory']))
    .option('--etcd-servers <url,…>', 'members of an etcd that runs already, for --store etcd', list)
    .addOption(
      new Option('--runtime <kind>', 'what runs the pods (default: containerd where this machine can, else model)').choices([
        'containerd',
        'model',
      ]),
    )
    .option('--nodes <n>', 'number of nodes, with --runtime model (default: 1)', count)
    .option('--netns <name>', 'keep the whole cluster in this network namespace, made if missing', netnsName)
    .option('--masquerade', "let pods' packets leave the machine under its address (default outside a network namespace)")
    .option('--no-masquerade', 'do not')
    .option(
      '--addons <name,…>',
      `what runs as the cluster's own pods, or none; those that are there stay (default: ${addons.map(({ name }) => name).join()}, and none with --runtime model)`,
      addonNames,
    )
    .option('--foreground', 'stay, start again what dies, and stop the cluster on Ctrl-C', false);
  const options = command.parse([...argv], { from: 'user' }).opts<UpOptions>();
  if (options.etcdServers && options.store !== 'etcd') command.error('error: --etcd-servers goes with --store etcd');
  if (options.runtime === 'containerd' && (options.nodes ?? 1) > 1) command.error('error: --nodes goes with --runtime model');
  if (options.runtime === 'model' && options.addons?.length) command.error('error: --addons goes with --runtime containerd');
  return options;
}

export function parseDown(argv: readonly string[]): DownOptions {
  const command = program('down', 'Stops a cluster and removes its pods, mounts, network and cgroups');
  command.option('--purge', 'remove its files as well, and so all its objects', false);
  return command.parse([...argv], { from: 'user' }).opts<DownOptions>();
}

export function parseStatus(argv: readonly string[]): StatusOptions {
  return program('status', 'Tells how each process of a cluster does; exits 0 when all is well')
    .parse([...argv], { from: 'user' })
    .opts<StatusOptions>();
}

function program(name: string, description: string): Command {
  return new Command(`npm run ${name} --`)
    .description(description)
    .option('--data-dir <dir>', 'where the cluster keeps its files', '.cluster')
    .allowExcessArguments(false);
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new InvalidArgumentError('It must be a number from 1 to 65535.');
  return value;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 250) throw new InvalidArgumentError('It must be a number from 1 to 250.');
  return value;
}

function list(text: string): readonly string[] {
  const urls = text.split(',').filter((url) => url !== '');
  const wrong = urls.find((url) => !/^https?:$/.test(URL.parse(url)?.protocol ?? ''));
  if (urls.length === 0 || wrong !== undefined) throw new InvalidArgumentError('It must be one or more http:// or https:// addresses.');
  return urls;
}

function addonNames(text: string): readonly string[] {
  try {
    return text === 'none' ? [] : addonsNamed(text.split(',')).map(({ name }) => name);
  } catch (error) {
    throw new InvalidArgumentError(`${errorMessage(error)}, none.`);
  }
}

/** It becomes the node's name, too. */
function netnsName(text: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text))
    throw new InvalidArgumentError('It must be lower case letters, digits and dashes.');
  return text;
}
