import { hostname } from 'node:os';
import { Refusal } from '@keelson/deploy-local';
import { generateToken, parseToken } from '@keelson/pki';
import type { Command } from 'commander';
import { layoutOf } from '../layout.ts';
import { type ClusterSettings, loadMachine, type Machine, saveMachine } from '../machine.ts';
import { certificateKeyProblem, newCertificateKey } from '../objects/uploaded-certs.ts';
import type { InitOptions } from '../options.ts';
import { type Context, runPhases } from '../phases/context.ts';
import { type InitContext, initPhases } from '../phases/init.ts';
import { checkMachine } from '../preflight/check.ts';
import { firstAddress } from '../preflight/facts.ts';
import { isRange } from '../ranges.ts';
import { removeMachine } from '../remove.ts';
import { serviceHost } from '../services/host.ts';
import { type CommandDeps, list, machineCommand, port, refuseIf, tokenTtl, urls } from './command.ts';

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
    .addOption(tokenTtl('--token-ttl'))
    .option('--upload-certs', 'leave the certificates in the cluster for more control planes', false)
    .action((options: InitOptions) => init(options, deps))
    .enablePositionalOptions()
    .addCommand(phaseCommand(deps));
}

/** `kubeadm init phase`: one step again, on a machine that was set up. */
function phaseCommand(deps: CommandDeps): Command {
  return machineCommand('phase', 'Run one phase of init again, on a control plane')
    .argument('<name>', `one of ${initPhases.map(({ name }) => name).join(', ')}`)
    .option('--certificate-key <hex>', 'key that --upload-certs encrypts with (default: a new one)')
    .option('--token <token>', 'bootstrap token for machines to join with (default: a new one)')
    .addOption(tokenTtl('--token-ttl'))
    .option('--upload-certs', 'leave the certificates in the cluster for more control planes', false)
    .action((name: string, options: PhaseOptions) => runPhase(name, options, deps));
}

type PhaseOptions = Pick<InitOptions, 'root' | 'certificateKey' | 'token' | 'tokenTtl' | 'uploadCerts'>;

async function runPhase(name: string, options: PhaseOptions, deps: CommandDeps): Promise<void> {
  const phase = initPhases.find((each) => each.name === name);
  if (!phase) throw new Refusal(`there is no phase ${name}: use one of ${initPhases.map((each) => each.name).join(', ')}`);
  refuseIf(valueProblem(options));
  const machine = await loadMachine(options.root);
  if (machine?.role !== 'control-plane') throw new Refusal(`this machine is no control plane: nothing below ${options.root} says so`);
  const layout = layoutOf(options.root);
  const host = await serviceHost(options.root, layout.data, deps.clock);
  const whole = { ...options, apiserverCertExtraSans: none };
  await runPhases([phase], initContext({ machine, layout, host }, whole, deps), none);
}

async function init(options: InitOptions, deps: CommandDeps): Promise<void> {
  checkOptions(options);
  const { clock, print } = deps;
  const layout = layoutOf(options.root);
  const address = options.apiserverAdvertiseAddress ?? (await firstAddress());
  const machine = machineOf(options, address ?? '');
  const host = await serviceHost(options.root, layout.data, clock);
  const say = (line: string): void => print(`${line}\n`);
  say('[preflight] checking the machine');
  await checkMachine(machine, layout, { ignored: options.ignorePreflightErrors, say });
  if (options.dryRun) return say(`[dry-run] would run: ${phasesOf(options).join(', ')}`);
  const context = initContext({ machine, layout, host }, options, deps);
  await makeOrUndo(context, () => runPhases(initPhases, context, options.skipPhases));
}

function initContext(
  made: Pick<InitContext, 'machine' | 'layout' | 'host'>,
  options: InitContext['options'],
  deps: CommandDeps,
): InitContext {
  return {
    ...made,
    ...deps,
    options,
    say: (line) => deps.print(`${line}\n`),
    token: options.token ?? generateToken(deps.random),
    certificateKey: options.certificateKey ?? newCertificateKey(),
  };
}

/** Whatever goes wrong, nothing half-made is left; what was there before stays. */
export async function makeOrUndo(context: Context, make: () => Promise<void>): Promise<void> {
  const { machine, layout, host, clock, say } = context;
  const before = await loadMachine(machine.root);
  try {
    await saveMachine(machine);
    await make();
  } catch (error) {
    if (before) throw error;
    say('[reset] taking back what was made');
    await removeMachine(machine, layout, host, clock);
    throw error;
  }
}

function checkOptions(options: InitOptions): void {
  const { podNetworkCidr, serviceCidr, skipPhases, etcdServers, etcdCafile, etcdCertfile, etcdKeyfile } = options;
  refuseIf(valueProblem(options));
  refuseIf(isRange(podNetworkCidr) ? undefined : `--pod-network-cidr: ${podNetworkCidr} is no IPv4 range`);
  refuseIf(isRange(serviceCidr) ? undefined : `--service-cidr: ${serviceCidr} is no IPv4 range`);
  const unknown = skipPhases.find((name) => !initPhases.some((phase) => phase.name === name));
  refuseIf(unknown === undefined ? undefined : `--skip-phases: there is no phase ${unknown}`);
  const tls = [etcdCafile, etcdCertfile, etcdKeyfile].filter((file) => file !== undefined).length;
  if (tls !== 0 && tls !== 3) throw new Refusal('--etcd-cafile, --etcd-certfile and --etcd-keyfile go together');
  if (tls === 3 && etcdServers.length === 0) throw new Refusal('--etcd-cafile goes with --etcd-servers');
}

function valueProblem({ token, certificateKey }: Pick<InitOptions, 'token' | 'certificateKey'>): string | undefined {
  if (token !== undefined && !parseToken(token)) return '--token must be six characters, a dot and sixteen more, of a-z and 0-9';
  return certificateKey === undefined ? undefined : certificateKeyProblem(certificateKey);
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
