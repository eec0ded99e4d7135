import { hostname } from 'node:os';
import { errorMessage } from '@keelson/base';
import { createApi, httpTransport } from '@keelson/client';
import { Refusal, usualValidity } from '@keelson/deploy-local';
import { type BootstrapToken, parseToken } from '@keelson/pki';
import type { Command } from 'commander';
import { joinOptions } from '../config/join-options.ts';
import { givenBeside, loadDocuments, toldOf } from '../config/load.ts';
import { ourPhases } from '../config/phases.ts';
import { type DiscoveredCluster, discover } from '../discovery/discover.ts';
import { clusterInFile } from '../discovery/file.ts';
import { localAddress } from '../discovery/local-address.ts';
import { layoutOf, usualCertificatesDir } from '../layout.ts';
import type { ClusterSettings, Machine } from '../machine.ts';
import { type Agreed, agreedOf } from '../objects/agreed.ts';
import { certificateKeyProblem } from '../objects/uploaded-certs.ts';
import type { JoinOptions } from '../options.ts';
import { runPhases } from '../phases/context.ts';
import { type JoinContext, joinPhases } from '../phases/join.ts';
import { checkMachine } from '../preflight/check.ts';
import { serviceHost } from '../services/host.ts';
import { type CommandDeps, list, machineCommand, patchesOf, patchesOption, port, refuseIf } from './command.ts';
import { makeOrUndo, saidOfNode, withPort } from './init.ts';

const none: readonly string[] = [];

/** `kubeadm join`. */
export function joinCommand(deps: CommandDeps): Command {
  return machineCommand('join', 'Make this machine part of a cluster')
    .argument('[host:port]', "address of the cluster's API server")
    .option('--apiserver-advertise-address <ip>', 'address the machine is reached under (default: the one that leads to the cluster)')
    .option('--apiserver-bind-port <port>', 'port of the API server, with --control-plane', port, 6443)
    .option('--certificate-key <hex>', 'key that kubeadm init --upload-certs printed, with --control-plane')
    .option('--config <file>', 'documents of kubeadm.k8s.io/v1beta4 that say what these flags say')
    .option('--control-plane', 'become one more control plane', false)
    .option('--cri-socket <endpoint>', 'container runtime of the machine (default: a private containerd)', '')
    .option('--discovery-file <file>', 'kubeconfig that says where the cluster is and who its authority is, instead of an address')
    .option('--discovery-token <token>', 'token that the cluster is known by, if it is not --token')
    .option('--discovery-token-ca-cert-hash <sha256:hex,…>', "hash of the key of the cluster's authority", list, none)
    .option('--discovery-token-unsafe-skip-ca-verification', 'believe any authority that the token vouches for', false)
    .option('--dry-run', 'check the machine and the cluster, and change nothing', false)
    .option('--ignore-preflight-errors <name,…>', 'checks that may fail; all is every one', list, none)
    .option('--node-name <name>', "name of the machine's node", hostname().toLowerCase())
    .addOption(patchesOption())
    .option('--skip-phases <name,…>', `phases to leave out, of ${joinPhases.map(({ name }) => name).join(', ')}`, list, none)
    .option('--tls-bootstrap-token <token>', 'token that the kubelet asks for its certificate with, if it is not --token')
    .option('--token <token>', 'bootstrap token, as kubeadm token create prints it')
    .action((endpoint: string | undefined, options: JoinFlags, command: Command) => joinAsAsked(endpoint, options, command, deps));
}

interface JoinFlags extends JoinOptions {
  readonly config?: string;
}

/** Flags, or a file in their place. */
async function joinAsAsked(address: string | undefined, flags: JoinFlags, command: Command, deps: CommandDeps): Promise<void> {
  const given = givenBeside(command);
  const asFlags = { ...flags, skipPhases: ourPhases(flags.skipPhases) };
  if (flags.config === undefined) return join(await wayTo(address, asFlags), asFlags, deps);
  const documents = await loadDocuments(flags.config, { foreign: 'pass over' });
  const { endpoint, options } = joinOptions(asFlags, documents, given);
  // As in upstream: what kubelets and kube-proxies have in common is said once, to init.
  for (const line of toldOf(documents, ['join'])) deps.print(`${line}\n`);
  if (address !== undefined) deps.print(`[config] taken without effect: ${address}\n`);
  await join(await wayTo(endpoint, options), options, deps);
}

/** How the cluster is found. */
interface Way {
  /** `host:port`. */
  readonly endpoint: string;
  /** The authority, where a file names it; else it is asked for. */
  readonly caPem?: string;
}

async function wayTo(address: string | undefined, { discoveryFile }: JoinOptions): Promise<Way> {
  if (discoveryFile !== undefined) return clusterInFile(discoveryFile);
  if (address === undefined)
    throw new Refusal("an address of the cluster's API server is needed, as kubeadm token create --print-join-command prints it");
  return { endpoint: withPort(address) };
}

async function join({ endpoint, caPem }: Way, options: JoinOptions, deps: CommandDeps): Promise<void> {
  const bootstrapToken = tokenFrom('--tls-bootstrap-token', options.tlsBootstrapToken ?? options.token);
  const discoveryToken = caPem === undefined ? tokenFrom('--discovery-token', options.discoveryToken ?? options.token) : bootstrapToken;
  checkOptions(options);
  const { clock, random, print } = deps;
  const say = (line: string): void => print(`${line}\n`);
  const address = options.apiserverAdvertiseAddress ?? (await localAddress(endpoint));
  say('[preflight] checking the machine');
  await checkMachine(machineOf(options, address, unknown), layoutOf(options.root), { ignored: options.ignorePreflightErrors, say });
  say(`[discovery] asking ${endpoint} for the cluster`);
  const cluster =
    caPem === undefined
      ? await discover({ endpoint, token: discoveryToken, pins: options.discoveryTokenCaCertHash, clock })
      : { server: `https://${endpoint}`, caPem };
  const { settings, documents } = await settingsFrom(cluster, bootstrapToken);
  checkControlPlane(options, settings);
  if (options.dryRun) return say(`[dry-run] would run: ${joinPhases.map(({ name }) => name).join(', ')}`);
  const layout = layoutOf(options.root, settings.certificatesDir);
  const context: JoinContext = {
    ...{ layout, clock, random, say, options, cluster, bootstrapToken, print },
    machine: { ...machineOf(options, address, settings), ...documents, ...(await patchesOf(options, say)) },
    host: await serviceHost(options.root, layout.data, clock),
    signal: deps.signal,
  };
  await makeOrUndo(context, () => runPhases(joinPhases, context, options.skipPhases));
}

/** Before the cluster has told what it is. */
const unknown: ClusterSettings = {
  ...{ clusterName: '', controlPlaneEndpoint: '', podSubnet: '', serviceSubnet: '', dnsDomain: '' },
  ...{ etcdServers: [], etcdTls: false, overlay: false, addons: [], certificatesDir: usualCertificatesDir, kubeProxyDisabled: false },
  ...{ apiServerExtraArgs: [], controllerManagerExtraArgs: [], schedulerExtraArgs: [], apiServerCertSans: [], ...usualValidity },
};

function machineOf(options: JoinOptions, address: string | undefined, cluster: ClusterSettings): Machine {
  const { root, nodeName, apiserverBindPort, criSocket, controlPlane } = options;
  const role = controlPlane ? 'control-plane' : 'worker';
  return { root, role, nodeName, address: address ?? '', bindPort: apiserverBindPort, criSocket, cluster, ...saidOfNode(options) };
}

function tokenFrom(flag: string, text: string | undefined): BootstrapToken {
  if (text === undefined) throw new Refusal('a bootstrap token is needed: add --token, as kubeadm token create prints it');
  const token = parseToken(text);
  if (!token) throw new Refusal(`${flag}: a token is six characters, a dot and sixteen more, of a-z and 0-9`);
  return token;
}

function checkOptions(options: JoinOptions): void {
  const { discoveryTokenCaCertHash: pins, discoveryTokenUnsafeSkipCaVerification: skip, controlPlane, certificateKey } = options;
  const unknownPhase = options.skipPhases.find((name) => !joinPhases.some((phase) => phase.name === name));
  refuseIf(unknownPhase === undefined ? undefined : `--skip-phases: there is no phase ${unknownPhase}`);
  const bad = pins.find((pin) => !/^sha256:[0-9a-f]{64}$/.test(pin));
  refuseIf(bad === undefined ? undefined : `--discovery-token-ca-cert-hash: ${bad} is not sha256: and 64 hexadecimal digits`);
  if (pins.length === 0 && !skip && options.discoveryFile === undefined) {
    throw new Refusal(
      'whoever answers could say to be the cluster: add --discovery-token-ca-cert-hash, or --discovery-token-unsafe-skip-ca-verification to believe it',
    );
  }
  if (!controlPlane) return;
  refuseIf(
    certificateKey === undefined
      ? '--control-plane needs --certificate-key, as kubeadm init --upload-certs prints it'
      : certificateKeyProblem(certificateKey),
  );
}

/** What the machines of the cluster agree on, read as who has the token. */
async function settingsFrom({ server, caPem }: DiscoveredCluster, { id, secret }: BootstrapToken): Promise<Agreed> {
  const transport = httpTransport({ server, caData: caPem, token: `${id}.${secret}` });
  try {
    return await agreedOf(createApi(transport));
  } catch (error) {
    throw new Refusal(`the cluster's configuration cannot be read with the token that begins with ${id}: ${errorMessage(error)}`);
  } finally {
    transport.close();
  }
}

function checkControlPlane({ controlPlane }: JoinOptions, { etcdServers, controlPlaneEndpoint }: ClusterSettings): void {
  if (!controlPlane) return;
  if (etcdServers.length === 0) {
    throw new Refusal(
      "another control plane cannot join: the cluster keeps its objects in its first machine's embedded store; one made with kubeadm init --etcd-servers can have several",
    );
  }
  if (controlPlaneEndpoint === '') {
    throw new Refusal(
      'another control plane cannot join: the cluster has no address that outlives its first machine; name one with kubeadm init --control-plane-endpoint',
    );
  }
}
