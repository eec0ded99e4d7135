import { applyAddons } from '@keelson/addons';
import { errorMessage } from '@keelson/base';
import type { Api } from '@keelson/client';
import { type Machine, saveMachine } from '../machine.ts';
import { renewables } from '../renewal/certificates.ts';
import { certificateOf } from '../renewal/files.ts';
import { renewOne } from '../renewal/renew.ts';
import { supervisorName } from '../services/host.ts';
import { servicesFor } from '../services/surroundings.ts';
import { healthUrl, isWell } from '../upgrade/health.ts';
import { type Context, localServer, type Phase, runPhases, waitFor, withApi } from './context.ts';
import { ensureKubeProxyAccount, startKubeProxy } from './kube-proxy.ts';
import { bindAdmins, makeJoinable, uploadConfig } from './objects.ts';
import { keepRunning, prepareProcesses, startControlPlane, startServices, untilReady } from './processes.ts';

export interface UpgradeContext extends Context {
  /** The machine as it was. */
  readonly before: Machine;
  readonly renewCertificates: boolean;
}

export interface UpgradePhase extends Phase<UpgradeContext> {
  /** It stops nothing: what goes wrong there needs no way back. */
  readonly prepares?: true;
}

const programs: UpgradePhase = { name: 'container-runtime', run: prepareProcesses, prepares: true };
const controlPlane: UpgradePhase = { name: 'control-plane', run: restartControlPlane };
const kubeletConfig: UpgradePhase = { name: 'kubelet-config', run: restartKubelet };
const kubeProxy: UpgradePhase = { name: 'kube-proxy', run: restartKubeProxy };

/** What `kubeadm upgrade apply` does on a control plane, in order; the cluster has been checked. */
export const applyPhases: readonly UpgradePhase[] = [
  programs,
  controlPlane,
  { name: 'upload-config', run: (context) => asAdmin(context, (api) => uploadConfig(context, api)) },
  kubeletConfig,
  { name: 'bootstrap-token', run: (context) => asAdmin(context, (api) => updateRules(context, api)) },
  { name: 'addon', run: (context) => asAdmin(context, (api) => applyAddons(api, context.machine.cluster.addons)) },
  kubeProxy,
];

/** What `kubeadm upgrade node` does on each other machine. */
export const nodePhases: readonly UpgradePhase[] = [programs, controlPlane, kubeletConfig, kubeProxy];

/**
 * Runs them with nobody there who starts again what they stop. @throws what went wrong, when the machine's processes have been started as
 * they were before: what they are told, that is. Programs are those of this kubeadm, and certificates that were made again stay.
 */
export async function runUpgrade(phases: readonly UpgradePhase[], context: UpgradeContext, skipped: readonly string[]): Promise<void> {
  const only = (prepares: boolean): readonly UpgradePhase[] => phases.filter((phase) => (phase.prepares ?? false) === prepares);
  await runPhases(only(true), context, skipped);
  await context.host.stop(supervisorName);
  try {
    await saveMachine(context.machine);
    await runPhases(only(false), context, skipped);
    await keepRunning(context);
  } catch (error) {
    await goBack({ ...context, machine: context.before, say: (line) => context.say(`[recovery] ${line}`) });
    const tried = 'kubeadm has tried to recover everything into the earlier state';
    throw new Error(`couldn't upgrade this machine. ${tried}. Errors faced: ${errorMessage(error)}`);
  }
}

async function goBack(context: Context): Promise<void> {
  const { machine, host, say } = context;
  const names = servicesFor(machine).map(({ name }) => name);
  try {
    await saveMachine(machine);
    for (const name of names.toReversed()) await host.stop(name);
    if (machine.role === 'control-plane') await startControlPlane(context, 'admin');
    await startServices(context, ['kubelet', 'kube-proxy']);
  } catch (error) {
    say(`what was before cannot be started either: ${errorMessage(error)}`);
  } finally {
    await keepRunning(context);
  }
}

async function restartControlPlane(context: UpgradeContext): Promise<void> {
  const { machine, host, say, renewCertificates } = context;
  if (machine.role !== 'control-plane') return say('Skipping phase. Not a control plane node.');
  if (renewCertificates) await renewAll(context);
  // Those who call the API server end first, so that they start with one that is new.
  for (const name of ['kube-scheduler', 'kube-controller-manager', 'kube-apiserver']) await host.stop(name);
  await startControlPlane(context, 'admin');
  for (const service of servicesFor(machine)) {
    const url = healthUrl(service);
    if (url !== undefined)
      await waitFor(context, { what: `${service.name} to be healthy`, service: service.name, attempt: () => isWell(url) });
  }
  say('The control plane instance for this node was successfully upgraded!');
}

/** Those that there are: the super-administrator's is on the first control plane only. */
async function renewAll({ machine, layout, clock, say }: UpgradeContext): Promise<void> {
  const { certificateDays: days } = machine.cluster;
  for (const one of renewables) if (await certificateOf(layout, one.name)) await renewOne(one, layout, { clock, days, say });
}

/** Pods go on meanwhile: they are the container runtime's. */
async function restartKubelet(context: UpgradeContext): Promise<void> {
  await context.host.stop('kubelet');
  const since = context.clock.now();
  await startServices(context, ['kubelet']);
  await untilReady(context, since);
  context.say('The kubelet configuration for this node was successfully upgraded!');
}

/** A control plane may give it a new token, too; on other machines it keeps the one it has. */
async function restartKubeProxy(context: UpgradeContext): Promise<void> {
  const { machine, host } = context;
  if (machine.cluster.kubeProxyDisabled) return;
  await host.stop('kube-proxy');
  if (machine.role === 'worker') await startServices(context, ['kube-proxy']);
  else await asAdmin(context, (api) => startKubeProxy(context, api));
}

async function updateRules(context: UpgradeContext, api: Api): Promise<void> {
  await bindAdmins(api);
  await makeJoinable(context, api, []);
  if (!context.machine.cluster.kubeProxyDisabled) await ensureKubeProxyAccount(api);
}

function asAdmin(context: UpgradeContext, use: (api: Api) => Promise<void>): Promise<void> {
  return withApi(context, 'admin', use, localServer(context.machine));
}
