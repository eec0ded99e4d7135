import { hostname } from 'node:os';
import { Refusal, usualValidity } from '@keelson/deploy-local';
import { generateToken, parseToken } from '@keelson/pki';
import type { Command } from 'commander';
import { initOptions } from '../config/init-options.ts';
import { givenBeside, loadDocuments, toldOf } from '../config/load.ts';
import { longPeriods } from '../config/periods.ts';
import { ourPhases } from '../config/phases.ts';
import { layoutOf, usualCertificatesDir } from '../layout.ts';
import { type ClusterSettings, loadMachine, type Machine, machineLayout, saveMachine } from '../machine.ts';
import { defaultNodeTokenGroup, type Token, tokenFor, tokenUsages } from '../objects/tokens.ts';
import { certificateKeyProblem, newCertificateKey } from '../objects/uploaded-certs.ts';
import type { InitOptions, NodeFile, WantedToken } from '../options.ts';
import { type Context, runPhases } from '../phases/context.ts';
import { type InitContext, initPhases } from '../phases/init.ts';
import { checkMachine } from '../preflight/check.ts';
import { firstAddress } from '../preflight/facts.ts';
import { isRange } from '../ranges.ts';
import { removeMachine } from '../remove.ts';
import { serviceHost } from '../services/host.ts';
import { absolute, type CommandDeps, list, machineCommand, patchesOf, patchesOption, port, refuseIf, tokenTtl, urls } from './command.ts';

const none: readonly string[] = [];

/** `kubeadm init`. */
export function initCommand(deps: CommandDeps): Command {
  return machineCommand('init', "Make this machine a cluster's first control plane")
    .option('--apiserver-advertise-address <ip>', "address the machine is reached under (default: the machine's first)")
    .option('--apiserver-bind-port <port>', 'port of the API server', port, 6443)
    .option('--apiserver-cert-extra-sans <name,…>', "more names and addresses for the API server's certificate", list, none)
    .option('--cert-dir <dir>', 'directory of the authorities and certificates', absolute, usualCertificatesDir)
    .option('--certificate-key <hex>', 'key that --upload-certs encrypts with (default: a new one)')
    .option('--config <file>', 'documents of kubeadm.k8s.io/v1beta4 that say what these flags say')
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
    .addOption(patchesOption())
    .option('--pod-network-cidr <cidr>', 'range of pod addresses', '10.244.0.0/16')
    .option('--service-cidr <cidr>', 'range of service addresses', '10.96.0.0/12')
    .option('--service-dns-domain <domain>', 'domain of services', 'cluster.local')
    .option('--skip-phases <name,…>', `phases to leave out, of ${initPhases.map(({ name }) => name).join(', ')}`, list, none)
    .option('--token <token>', 'bootstrap token for machines to join with (default: a new one)')
    .addOption(tokenTtl('--token-ttl'))
    .option('--upload-certs', 'leave the certificates in the cluster for more control planes', false)
    .action((options: InitFlags, command: Command) => initAsAsked(options, command, deps))
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
  const layout = machineLayout(machine);
  const host = await serviceHost(options.root, layout.data, deps.clock);
  await runPhases([phase], initContext({ machine, layout, host }, options, deps), none);
}

interface InitFlags extends InitOptions {
  readonly config?: string;
}

/** Flags, or a file in their place. */
async function initAsAsked(flags: InitFlags, command: Command, deps: CommandDeps): Promise<void> {
  const given = givenBeside(command);
  if (flags.config === undefined) return init({ ...flags, skipPhases: ourPhases(flags.skipPhases) }, deps);
  const documents = await loadDocuments(flags.config, { foreign: 'pass over' });
  const options = initOptions({ ...flags, skipPhases: ourPhases(flags.skipPhases) }, documents, given);
  for (const line of toldOf(documents, ['init', 'cluster', 'kubelet', 'kubeProxy'])) deps.print(`${line}\n`);
  await init(options, deps);
}

async function init(options: InitOptions, deps: CommandDeps): Promise<void> {
  checkOptions(options);
  const { clock, print } = deps;
  const layout = layoutOf(options.root, options.certDir);
  const address = options.apiserverAdvertiseAddress ?? (await firstAddress());
  const host = await serviceHost(options.root, layout.data, clock);
  const say = (line: string): void => print(`${line}\n`);
  const machine = { ...machineOf(options, address ?? ''), ...(await patchesOf(options, say)) };
  for (const line of longPeriods(machine.cluster)) say(line);
  say('[preflight] checking the machine');
  await checkMachine(machine, layout, { ignored: options.ignorePreflightErrors, say });
  if (options.dryRun) return say(`[dry-run] would run: ${phasesOf(options).join(', ')}`);
  const context = initContext({ machine, layout, host }, options, deps);
  await makeOrUndo(context, () => runPhases(initPhases, context, options.skipPhases));
}

function initContext(
  made: Pick<InitContext, 'machine' | 'layout' | 'host'>,
  options: InitContext['options'] & TokenOptions,
  deps: CommandDeps,
): InitContext {
  return {
    ...made,
    ...deps,
    options,
    say: (line) => deps.print(`${line}\n`),
    tokens: tokensOf(options, deps),
    certificateKey: options.certificateKey ?? newCertificateKey(),
  };
}

type TokenOptions = Pick<InitOptions, 'token' | 'tokenTtl' | 'bootstrapTokens' | 'certificateKey'>;

function tokensOf({ token, tokenTtl, bootstrapTokens = [] }: TokenOptions, { random, clock }: CommandDeps): InitContext['tokens'] {
  const description = "The default bootstrap token generated by 'kubeadm init'.";
  const usual = {
    ...(token === undefined ? {} : { token }),
    ttl: tokenTtl,
    description,
    usages: tokenUsages,
    groups: [defaultNodeTokenGroup],
  };
  const made = (wanted: WantedToken): Token => tokenFor({ ...wanted, token: wanted.token ?? generateToken(random) }, clock.now());
  const [first = usual, ...others] = bootstrapTokens;
  return [made(first), ...others.map(made)];
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
    clusterName: options.clusterName ?? 'kubernetes',
    controlPlaneEndpoint: withPort(controlPlaneEndpoint),
    podSubnet: options.podNetworkCidr,
    serviceSubnet: options.serviceCidr,
    dnsDomain: options.serviceDnsDomain,
    etcdServers: options.etcdServers,
    etcdTls: options.etcdCafile !== undefined,
    overlay: options.overlay,
    addons: options.skipPhases.includes('addon') || options.dnsDisabled ? [] : ['dns'],
    apiServerExtraArgs: options.apiServerExtraArgs ?? [],
    controllerManagerExtraArgs: options.controllerManagerExtraArgs,
    schedulerExtraArgs: options.schedulerExtraArgs ?? [],
    apiServerCertSans: options.apiserverCertExtraSans,
    certificatesDir: options.certDir,
    kubeProxyDisabled: options.skipPhases.includes('kube-proxy') || options.kubeProxyDisabled === true,
    authorityDays: options.authorityDays ?? usualValidity.authorityDays,
    certificateDays: options.certificateDays ?? usualValidity.certificateDays,
  };
  const { kubeletConfiguration, kubeProxyConfiguration } = options;
  return {
    ...{ root, role: 'control-plane', nodeName, address, bindPort: apiserverBindPort, criSocket, cluster },
    ...saidOfNode(options),
    ...(kubeletConfiguration ? { kubeletConfiguration } : {}),
    ...(kubeProxyConfiguration ? { kubeProxyConfiguration } : {}),
  };
}

/** What only a file says of a machine. */
export function saidOfNode({ taints, kubeletExtraArgs }: NodeFile): NodeFile {
  return { ...(taints ? { taints } : {}), ...(kubeletExtraArgs?.length ? { kubeletExtraArgs } : {}) };
}

/** An endpoint without a port means the API server's. */
export function withPort(endpoint: string): string {
  return endpoint === '' || /:\d+$/.test(endpoint) ? endpoint : `${endpoint}:6443`;
}
