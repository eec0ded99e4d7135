import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorMessage } from '@keelson/base';
import { parseYaml } from '@keelson/machinery';
import { type EventLimit, parseEventLimits } from './event-rate-limit.ts';
import { type LimitedResource, parseLimitedResources } from './limited-resources.ts';
import { type PodNodeSelectorConfiguration, parsePodNodeSelector } from './pod-node-selector.ts';
import { noPodSecurity, type PodSecurityConfiguration, parsePodSecurity } from './pod-security/configuration.ts';
import { type PodTolerationConfiguration, parsePodTolerations } from './pod-toleration-restriction.ts';

/** What plugins are told besides what stands in the cluster; each its own defaults, where it is told nothing. */
export interface AdmissionSettings {
  readonly podSecurity: PodSecurityConfiguration;
  readonly podNodeSelector?: PodNodeSelectorConfiguration;
  readonly podTolerations?: PodTolerationConfiguration;
  readonly eventLimits?: readonly EventLimit[];
  readonly limitedResources?: readonly LimitedResource[];
  /** Plugins to have besides those that are there unless told. */
  readonly enabled?: readonly string[];
}

export const noAdmissionSettings: AdmissionSettings = { podSecurity: noPodSecurity };

const apiVersion = 'apiserver.config.k8s.io/v1';

/** Reads the part of one plugin, which may be empty. @throws Error in one sentence. */
type Parse = (document: unknown) => Omit<AdmissionSettings, 'podSecurity'> & { readonly podSecurity?: PodSecurityConfiguration };

const parsers: Readonly<Record<string, Parse>> = {
  PodSecurity: (document) => ({ podSecurity: document ? parsePodSecurity(document) : noPodSecurity }),
  PodNodeSelector: (document) => ({ podNodeSelector: parsePodNodeSelector(document) }),
  PodTolerationRestriction: (document) => (document ? { podTolerations: parsePodTolerations(document) } : {}),
  EventRateLimit: (document) => ({ eventLimits: parseEventLimits(document) }),
  ResourceQuota: (document) => (document ? { limitedResources: parseLimitedResources(document) } : {}),
  MutatingAdmissionWebhook: refuseKubeconfig,
  ValidatingAdmissionWebhook: refuseKubeconfig,
};

/** Webhooks are asked without credentials of ours: what somebody wrote down must not be lost silently. */
function refuseKubeconfig(document: unknown): object {
  const { kubeConfigFile } = (document ?? {}) as { kubeConfigFile?: string };
  if (kubeConfigFile) throw new Error('kubeConfigFile is not offered: webhooks are asked without credentials');
  return {};
}

/**
 * Reads the file of `--admission-control-config-file`: an AdmissionConfiguration, each plugin's part in it or in a file it names, which is
 * looked for beside it. `enabled` is what `--enable-admission-plugins` says.
 * @throws Error in one sentence; also for a plugin that takes no configuration here, or that needs one and has none.
 */
export async function readAdmissionSettings(path: string, enabled: readonly string[] = []): Promise<AdmissionSettings> {
  const settings = { ...(await readFileSettings(path)), enabled };
  if (enabled.includes('EventRateLimit') && !settings.eventLimits)
    throw new Error('admission plugin EventRateLimit needs its limits in --admission-control-config-file: limits: Required value');
  return settings;
}

async function readFileSettings(path: string): Promise<AdmissionSettings> {
  if (!path) return noAdmissionSettings;
  try {
    let settings = noAdmissionSettings;
    for (const plugin of pluginsOf(await read(path))) {
      const parse = parsers[plugin.name ?? ''];
      if (!parse) throw new Error(`plugin "${plugin.name ?? ''}" takes no configuration`);
      settings = { ...settings, ...parse(plugin.path ? await read(resolve(dirname(path), plugin.path)) : plugin.configuration) };
    }
    return settings;
  } catch (error) {
    throw new Error(`--admission-control-config-file ${path}: ${errorMessage(error)}`);
  }
}

interface PluginEntry {
  readonly name?: string;
  readonly path?: string;
  readonly configuration?: unknown;
}

async function read(path: string): Promise<unknown> {
  return parseYaml(await readFile(path, 'utf8')).value;
}

function pluginsOf(document: unknown): readonly PluginEntry[] {
  const found = (document ?? {}) as { kind?: string; apiVersion?: string; plugins?: readonly PluginEntry[] | null };
  if (found.kind !== 'AdmissionConfiguration' || found.apiVersion !== apiVersion)
    throw new Error(
      `expected an AdmissionConfiguration of ${apiVersion}, found ${found.kind ?? 'no kind'} of ${found.apiVersion ?? 'no version'}`,
    );
  return found.plugins ?? [];
}
