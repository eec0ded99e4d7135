import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorMessage } from '@keelson/base';
import { parseYaml } from '@keelson/machinery';
import { type FindCredentials, parseWebhookAdmission } from '../extensions/webhooks/credentials.ts';
import type { TolerationSeconds } from './default-toleration-seconds.ts';
import { type EventLimit, parseEventLimits } from './event-rate-limit.ts';
import { type ImagePolicySettings, parseImagePolicy } from './image-policy-webhook.ts';
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
  readonly imagePolicy?: ImagePolicySettings;
  /** What webhooks are shown. */
  readonly mutatingCredentials?: FindCredentials;
  readonly validatingCredentials?: FindCredentials;
  readonly tolerationSeconds?: TolerationSeconds;
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
  ImagePolicyWebhook: (document) => ({ imagePolicy: parseImagePolicy(document) }),
  MutatingAdmissionWebhook: (document) => given('mutatingCredentials', parseWebhookAdmission(document)),
  ValidatingAdmissionWebhook: (document) => given('validatingCredentials', parseWebhookAdmission(document)),
};

function given<K extends string, V>(name: K, value: V | undefined): { readonly [N in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [N in K]?: V };
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
  if (enabled.includes('ImagePolicyWebhook') && !settings.imagePolicy)
    throw new Error('admission plugin ImagePolicyWebhook needs its settings in --admission-control-config-file: no config specified');
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
