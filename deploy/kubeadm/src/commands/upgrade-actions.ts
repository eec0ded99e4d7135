import { errorMessage } from '@keelson/base';
import { type Api, readText } from '@keelson/client';
import { versionInfo } from '@keelson/component';
import { Refusal } from '@keelson/deploy-local';
import { loadMachine, type Machine, machineLayout } from '../machine.ts';
import { type Agreed, agreedOf } from '../objects/agreed.ts';
import { kubernetesVersion } from '../objects/config-maps.ts';
import type { ApplyOptions, DiffOptions, PlanOptions, UpgradeNodeOptions, UpgradeOptions } from '../options.ts';
import { rendered } from '../output.ts';
import { localServer, withApi } from '../phases/context.ts';
import { applyPhases, nodePhases, runUpgrade, type UpgradeContext, type UpgradePhase } from '../phases/upgrade.ts';
import { type Problem, renderFatal, sortProblems } from '../preflight/plan.ts';
import { serviceHost } from '../services/host.ts';
import { differences } from '../upgrade/differences.ts';
import { clusterProblems } from '../upgrade/health.ts';
import { planText, upgradePlan } from '../upgrade/report.ts';
import { type ClusterState, stateOf } from '../upgrade/state.ts';
import { enforce, objectionsTo, releaseOf } from '../upgrade/versions.ts';
import { agreed, type CommandDeps, patchesOf } from './command.ts';

/** What is upgraded. */
async function contextOf(options: UpgradeOptions & { certificateRenewal?: boolean }, deps: CommandDeps): Promise<UpgradeContext> {
  const { root, certificateRenewal = false } = options;
  const machine = await loadMachine(root);
  if (!machine) throw new Refusal(`this machine is part of no cluster: nothing below ${root} says so`);
  const { clock, random, print, signal } = deps;
  const layout = machineLayout(machine);
  const host = await serviceHost(root, layout.data, clock);
  // As upstream names the phases of an upgrade.
  const say = (line: string): void => print(`${line.replace(/^\[(?!upgrade|dry-run|preflight)/, '[upgrade/')}\n`);
  return { machine, before: machine, layout, host, clock, random, say, signal, renewCertificates: certificateRenewal };
}

/** Asks this control plane's API server what the cluster is. @throws Refusal with what keeps it from being upgraded. */
async function checkedState(context: UpgradeContext, { ignorePreflightErrors }: UpgradeOptions): Promise<ClusterState> {
  const { machine, say } = context;
  say('[preflight] Running pre-flight checks.');
  refuse(rootProblems(), ignorePreflightErrors, say);
  if (machine.role !== 'control-plane') throw new Refusal('this machine is no control plane: here it is kubeadm upgrade node');
  say('[upgrade/config] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...');
  const ask = async (api: Api): Promise<{ state: ClusterState; healthz: string }> => ({
    healthz: await readText(await api.raw({ method: 'GET', path: '/healthz' })),
    state: await stateOf(api),
  });
  const asked = await withApi(context, 'admin', ask, localServer(machine)).catch((error: unknown) => {
    throw new Refusal(`the cluster cannot be asked what it is: ${errorMessage(error)}`);
  });
  say('[upgrade] Running cluster health checks');
  refuse(clusterProblems(asked.state, asked.healthz), ignorePreflightErrors, say);
  return asked.state;
}

function rootProblems(): Problem[] {
  return process.getuid?.() === 0 ? [] : [{ check: 'IsPrivilegedUser', message: 'user is not running as root: use sudo' }];
}

function refuse(problems: readonly Problem[], ignored: readonly string[], say: (line: string) => void): void {
  const { fatal, warnings } = sortProblems(problems, ignored);
  for (const { check, message } of warnings) say(`\t[WARNING ${check}]: ${message}`);
  if (fatal.length > 0) throw new Refusal(renderFatal(fatal));
}

/** The machine with what the cluster agrees on now. */
function machineOf(machine: Machine, { settings, documents }: Agreed): Machine {
  return { ...machine, cluster: settings, ...documents };
}

/** `kubeadm upgrade plan`. */
export async function plan(options: PlanOptions, deps: CommandDeps): Promise<void> {
  const { output } = options;
  // What programs read is the plan alone.
  const context = await contextOf(options, output === 'text' ? deps : { ...deps, print: deps.warn });
  const state = await checkedState(context, options);
  if (options.printConfig) tellConfiguration(state, context.say);
  const wanted = releaseOf(options.version ?? kubernetesVersion);
  tellVersions(state, wanted, context.say);
  enforce(objectionsOf(state, wanted), true, context.say);
  const planned = upgradePlan(state, wanted);
  deps.print(output === 'text' ? `\n${planText(planned, wanted)}` : rendered(output, 'UpgradePlan', planned));
}

/** As upstream prints it. */
function tellConfiguration({ clusterConfiguration }: Agreed, say: (line: string) => void): void {
  say(`[upgrade/config] Configuration used:\n${clusterConfiguration.trimEnd().replaceAll(/^/gm, '\t')}`);
}

function tellVersions({ server }: ClusterState, wanted: string, say: (line: string) => void): void {
  say(`[upgrade/versions] Cluster version: ${server}`);
  say(`[upgrade/versions] kubeadm version: ${versionInfo.gitVersion}`);
  say(`[upgrade/versions] Target version: ${wanted}`);
}

function objectionsOf({ server, nodes }: ClusterState, wanted: string): ReturnType<typeof objectionsTo> {
  return objectionsTo({ cluster: server, kubeadm: kubernetesVersion, wanted, kubelets: nodes.map((each) => each.version) });
}

/** `kubeadm upgrade apply`. */
export async function apply(options: ApplyOptions, deps: CommandDeps): Promise<void> {
  const { version } = options;
  if (version === undefined) throw new Error('missing one or more required arguments. Required arguments: [version]');
  checkPhases(options, names(applyPhases));
  const context = await contextOf(options, deps);
  const { say } = context;
  const state = await checkedState(context, options);
  if (options.printConfig) tellConfiguration(state, say);
  const wanted = releaseOf(version);
  say(`[upgrade/version] You have chosen to upgrade the cluster version to "${wanted}"`);
  tellVersions(state, wanted, say);
  enforce(objectionsOf(state, wanted), options.force, say);
  const upgraded = { ...context, machine: { ...machineOf(context.machine, state), ...(await patchesOf(options, say)) } };
  if (options.dryRun) return rehearse(upgraded, applyPhases, options);
  if (!options.yes && !options.force && !(await agreed('[upgrade] Are you sure you want to proceed? [y/N]: ')))
    throw new Refusal("won't proceed; the user didn't answer (Y|y) in order to continue");
  await runUpgrade(applyPhases, upgraded, options.skipPhases);
  say(`\n[upgrade] SUCCESS! A control plane node of your cluster was upgraded to "${wanted}".\n`);
  say('[upgrade] Now please proceed with upgrading the rest of the nodes: on each, kubeadm upgrade node');
}

/** `kubeadm upgrade node`. */
export async function node(options: UpgradeNodeOptions, deps: CommandDeps): Promise<void> {
  // Upstream's has a phase for what the cluster runs, too; ours leaves that to apply.
  checkPhases(options, [...names(nodePhases), 'addon']);
  const context = await contextOf(options, deps);
  const { say } = context;
  say('[preflight] Running pre-flight checks.');
  refuse(rootProblems(), options.ignorePreflightErrors, say);
  const state = await agreedWith(context);
  const recorded = releaseOf(state.version);
  if (recorded !== kubernetesVersion) {
    const first = `kubeadm upgrade apply ${kubernetesVersion} comes first, on a control plane`;
    throw new Refusal(`the cluster is at ${recorded}, and this kubeadm brings ${kubernetesVersion}: ${first}`);
  }
  const upgraded = { ...context, machine: { ...machineOf(context.machine, state), ...(await patchesOf(options, say)) } };
  if (options.dryRun) return rehearse(upgraded, nodePhases, options);
  await runUpgrade(nodePhases, upgraded, options.skipPhases);
  say('[upgrade] The configuration for this node was successfully upgraded!');
}

/** What the machines of the cluster agree on, as a node may ask. */
async function agreedWith(context: UpgradeContext): Promise<Agreed> {
  context.say('[upgrade/config] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...');
  return withApi(context, 'kubelet', agreedOf).catch((error: unknown) => {
    throw new Refusal(`the cluster's configuration cannot be read: ${errorMessage(error)}`);
  });
}

/** `kubeadm upgrade diff`. */
export async function diff(options: DiffOptions, deps: CommandDeps): Promise<void> {
  const context = await contextOf(options, { ...deps, print: () => undefined });
  const state = await agreedWith(context);
  if (options.version !== undefined) {
    const wanted = releaseOf(options.version);
    enforce(objectionsTo({ cluster: state.version, kubeadm: kubernetesVersion, wanted, kubelets: [] }), true, context.say);
  }
  const machine = machineOf(context.machine, state);
  deps.print(await differences(machine, context.host, options.contextLines));
}

/** Says what would be done. */
async function rehearse(context: UpgradeContext, phases: readonly UpgradePhase[], { skipPhases }: UpgradeNodeOptions): Promise<void> {
  const run = names(phases).filter((name) => !skipPhases.includes(name));
  context.say(`[dry-run] would run: ${run.join(', ')}`);
  context.say(await differences(context.machine, context.host, 3));
}

function names(phases: readonly UpgradePhase[]): string[] {
  return phases.map(({ name }) => name);
}

function checkPhases({ skipPhases }: UpgradeNodeOptions, known: readonly string[]): void {
  const unknown = skipPhases.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Refusal(`--skip-phases: there is no phase ${unknown}`);
}
