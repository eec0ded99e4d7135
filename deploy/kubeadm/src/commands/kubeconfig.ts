import { parseGoDuration } from '@keelson/base';
import { type KubeconfigUser, renderKubeconfig } from '@keelson/client';
import { Refusal } from '@keelson/deploy-local';
import { issue } from '@keelson/pki';
import { Command } from 'commander';
import type { ClusterForm, InitForm } from '../config/forms.ts';
import { loadDocuments } from '../config/load.ts';
import { certificateUser, kubeconfigFor } from '../kubeconfigs.ts';
import { type Layout, layoutOf } from '../layout.ts';
import { loadMachine, machineLayout } from '../machine.ts';
import { stableServer } from '../phases/context.ts';
import { authorityOf } from '../renewal/files.ts';
import { type CommandDeps, duration, list, machineCommand } from './command.ts';
import { withPort } from './init.ts';

interface UserOptions {
  readonly root: string;
  readonly clientName?: string;
  readonly config?: string;
  readonly org: readonly string[];
  readonly token?: string;
  /** Milliseconds. */
  readonly validityPeriod: number;
}

const year = '8760h0m0s';

/** `kubeadm kubeconfig user`. */
export function kubeconfigCommand(deps: CommandDeps): Command {
  const user = machineCommand('user', 'Print a kubeconfig for one more user')
    .option('--client-name <name>', "name of the user: the certificate's common name")
    .option('--config <file>', 'documents that say where the cluster is (default: what this machine was set up with)')
    .option('--org <name,…>', "groups of the user: the certificate's organizations", list, [])
    .option('--token <token>', 'token to come with, instead of a certificate')
    .option('--validity-period <duration>', 'how long the certificate is good for', duration, parseGoDuration(year))
    .action((options: UserOptions) => printUser(options, deps));
  return new Command('kubeconfig').description('Kubeconfigs').addCommand(user);
}

async function printUser(options: UserOptions, deps: CommandDeps): Promise<void> {
  const { clientName, root, config, validityPeriod } = options;
  if (!clientName) throw new Refusal('required flag(s) "client-name" not set');
  const { layout, clusterName, server } = config === undefined ? await fromMachine(root) : await fromFile(root, config);
  const ca = await authorityOf(layout, 'ca');
  if (!ca) throw new Refusal(`the cluster's authority is not in ${layout.pki}`);
  if (validityPeriod > parseGoDuration(year)) {
    deps.warn(`WARNING: the specified certificate validity period is longer than ${year}, this may increase security risks.\n`);
  }
  const user = await userOf({ ...options, clientName }, ca, deps);
  deps.print(renderKubeconfig(kubeconfigFor({ clusterName, server, caPem: ca.certPem }, clientName, user)));
}

/** Where the cluster is, and where its authority. */
interface Target {
  readonly layout: Layout;
  readonly clusterName: string;
  readonly server: string;
}

async function fromMachine(root: string): Promise<Target> {
  const machine = await loadMachine(root);
  if (machine?.role !== 'control-plane') throw new Refusal(`this machine is no control plane: nothing below ${root} says so; add --config`);
  return { layout: machineLayout(machine), clusterName: machine.cluster.clusterName, server: stableServer(machine) };
}

async function fromFile(root: string, path: string): Promise<Target> {
  const documents = await loadDocuments(path, { foreign: 'pass over' });
  const cluster: ClusterForm = documents.cluster ?? {};
  const { localAPIEndpoint }: InitForm = documents.init ?? {};
  const { advertiseAddress, bindPort } = localAPIEndpoint ?? {};
  const endpoint = cluster.controlPlaneEndpoint || (advertiseAddress && `${advertiseAddress}:${bindPort || 6443}`);
  if (!endpoint) throw new Refusal(`${path} names neither a controlPlaneEndpoint nor an advertiseAddress`);
  const layout = layoutOf(root, cluster.certificatesDir || undefined);
  return { layout, clusterName: cluster.clusterName || 'kubernetes', server: `https://${withPort(endpoint)}` };
}

const day = 86_400_000;

async function userOf(
  { token, clientName, org, validityPeriod }: UserOptions & { readonly clientName: string },
  { certPem, keyPem }: { certPem: string; keyPem: string | undefined },
  { clock }: CommandDeps,
): Promise<KubeconfigUser> {
  if (token !== undefined) return { token };
  if (keyPem === undefined)
    throw new Refusal("the key of the cluster's authority is not on this machine: nobody's certificate can be made");
  const days = validityPeriod / day;
  const ca = { certPem, keyPem };
  return certificateUser(await issue({ commonName: clientName, organizations: org, usages: ['client'], days, ca, clock }));
}
