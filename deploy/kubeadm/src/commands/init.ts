import { hostname } from 'node:os';
import { Refusal } from '@keelson/deploy-local';
import { generateToken, parseToken } from '@keelson/pki';
import type { Command } from 'commander';
import { layoutOf } from '../layout.ts';
import { type ClusterSettings, type Machine, saveMachine } from '../machine.ts';
import { certificateKeyProblem, newCertificateKey } from '../objects/uploaded-certs.ts';
import { type Context, runPhases } from '../phases/context.ts';
import { type InitContext, initPhases } from '../phases/init.ts';
import type { InitOptions } from '../options.ts';
import { checkMachine } from '../preflight/check.ts';
import { firstAddress } from '../preflight/facts.ts';
import { isRange } from '../ranges.ts';
import { removeMachine } from '../remove.ts';
import { serviceHost } from '../services/host.ts';
import { type CommandDeps, duration, list, machineCommand, port, refuseIf, urls } from './command.ts';

const none: readonly string[] = [];

/** `kubeadm init`. */
export function initCommand(deps: CommandDeps): Command {
  return machineCommand('init', "Make this machine a cluster's first control plane")
    .option('--apiserver-advertise-address <ip>', "address the machine is reached under (default: the machine's first)")
    .option('--apiserver-bind-port <port>', 'port of the API server', port, 6443)
    .option('--apiserver-cert-extra-sans <name,…>', "more names and addresses for the API server's certificate", list, none)
    .option('--certificate-key <hex>', 'key that --upload-certs encrypts with (default: a new one)')
    .option('--control-plane-endpoint <host:port>', 'address that stays while control planes come and go', '')
    .option('--controller-manager-extra-args <name=value,…>', 'more flags for the controller manager', list, none)
    .option('--cri-socket <endpoint>', 'container runtime of the machine (default: a private containerd)', '')
    .option('--dry-run', 'check the machine, say what would be done, and change nothing', false)
    .option('--etcd-servers <url,…>', 'members of an etcd to keep objects in (default: an embedded store)', urls, none)
    .option('--etcd-cafile <file>', "authority of the etcd members' certificates")
    .option('--etcd-certfile <file>', 'client certificate shown to etcd')
    .option('--etcd-keyfile <file>', 'key of --etcd-certfile')
    .option('--ignore-preflight-errors <name,…>', 'checks that may fail; all is every one', list, none)
    .option('--node-name <name>', "name of the machine's node", hostname().toLowerCase())
    .option('--overlay', "carry pods' packets between machines in VXLAN", false)
    .option('--pod-network-cidr <cidr>', 'range of pod addresses', '10.244.0.0/16')
    .option('--service-cidr <cidr>', 'range of service addresses', '10.96.0.0/12')
    .option('--service-dns-domain <domain>', 'domain of services', 'cluster.local')
    .option('--skip-phases <name,…>', `phases to leave out, of ${initPhases.map(({ name }) => name).join(', ')}`, list, none)
    .option('--token <token>', 'bootstrap token for machines to join with (default: a new one)')
    .option('--token-ttl <duration>', 'how long it is good for; 0 is for ever', duration, duration('24h0m0s'))
    .option('--upload-certs', 'leave the certificates in the cluster for more control planes', false)
    .action((options: InitOptions) => init(options, deps));
}

async function init(options: InitOptions, deps: CommandDeps): Promise<void> {
  checkOptions(options);
  const { clock, random, print } = deps;
  const layout = layoutOf(options.root);
  const address = options.apiserverAdvertiseAddress ?? (await firstAddress());
  const machine = machineOf(options, address ?? '');
  const host = await serviceHost(options.root, layout.data, clock);
  const say = (line: string): void => print(`${line}\n`);
  say('[preflight] checking the machine');
  await checkMachine(machine, layout, { ignored: options.ignorePreflightErrors, say });
  if (options.dryRun) return say(`[dry-run] would run: ${phasesOf(options).join(', ')}`);
  const context: InitContext = {
    ...{ machine, layout, host, clock, random, say, options },
    signal: deps.signal,
    token: options.token ?? generateToken(random),
    certificateKey: options.certificateKey ?? newCertificateKey(),
    print,
  };
  await makeOrUndo(context, () => runPhases(initPhases, context, options.skipPhases));
}

/** Whatever goes wrong, nothing half-made is left. */
export async function makeOrUndo(context: Context, make: () => Promise<void>): Promise<void> {
  const { machine, layout, host, clock, say } = context;
  try {
    await saveMachine(machine);
    await make();
  } catch (error) {
    say('[reset] taking back what was made');
    await removeMachine(machine, layout, host, clock);
    throw error;
  }
}

function checkOptions(options: InitOptions): void {
  const { token, certificateKey, podNetworkCidr, serviceCidr, skipPhases, etcdServers, etcdCafile, etcdCertfile, etcdKeyfile } = options;
  refuseIf(token !== undefined && !parseToken(token) ? '--token must be six characters, a dot and sixteen more, of a-z and 0-9' : undefined);
  refuseIf(certificateKey === undefined ? undefined : certificateKeyProblem(certificateKey));
  refuseIf(isRange(podNetworkCidr) ? undefined : `--pod-network-cidr: ${podNetworkCidr} is no IPv4 range`);
  refuseIf(isRange(serviceCidr) ? undefined : `--service-cidr: ${serviceCidr} is no IPv4 range`);
  const unknown = skipPhases.find((name) => !initPhases.some((phase) => phase.name === name));
  refuseIf(unknown === undefined ? undefined : `--skip-phases: there is no phase ${unknown}`);
  const tls = [etcdCafile, etcdCertfile, etcdKeyfile].filter((file) => file !== undefined).length;
  if (tls !== 0 && tls !== 3) throw new Refusal('--etcd-cafile, --etcd-certfile and --etcd-keyfile go together');
  if (tls === 3 && etcdServers.length === 0) throw new Refusal('--etcd-cafile goes with --etcd-servers');
}

function phasesOf({ skipPhases }: InitOptions): string[] {
  return initPhases.map(({ name }) => name).filter((name) => !skipPhases.includes(name));
}

function machineOf(options: InitOptions, address: string): Machine {
  const { root, nodeName, apiserverBindPort, criSocket, controlPlaneEndpoint } = options;
  const cluster: ClusterSettings = {
    clusterName: 'kubernetes',
    controlPlaneEndpoint: withPort(controlPlaneEndpoint),
    podSubnet: options.podNetworkCidr,
    serviceSubnet: options.serviceCidr,
    dnsDomain: options.serviceDnsDomain,
    etcdServers: options.etcdServers,
    etcdTls: options.etcdCafile !== undefined,
    overlay: options.overlay,
    addons: options.skipPhases.includes('addon') ? [] : ['dns'],
    controllerManagerExtraArgs: options.controllerManagerExtraArgs,
  };
  return { root, role: 'control-plane', nodeName, address, bindPort: apiserverBindPort, criSocket, cluster };
}

/** An endpoint without a port means the API server's. */
export function withPort(endpoint: string): string {
  return endpoint === '' || /:\d+$/.test(endpoint) ? endpoint : `${endpoint}:6443`;
}
