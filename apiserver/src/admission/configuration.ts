import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorMessage } from '@keelson/base';
import { parseYaml } from '@keelson/machinery';
import { noPodSecurity, type PodSecurityConfiguration, parsePodSecurity } from './pod-security/configuration.ts';

/** What plugins are told besides what stands in the cluster. */
export interface AdmissionSettings {
  readonly podSecurity: PodSecurityConfiguration;
}

export const noAdmissionSettings: AdmissionSettings = { podSecurity: noPodSecurity };

const apiVersion = 'apiserver.config.k8s.io/v1';

/**
 * Reads the file of `--admission-control-config-file`: an AdmissionConfiguration, each plugin's part in it or in a file it names, which is
 * looked for beside it.
 * @throws Error in one sentence; also for a plugin that takes no configuration here: what somebody wrote down must not be lost silently.
 */
export async function readAdmissionSettings(path: string): Promise<AdmissionSettings> {
  if (!path) return noAdmissionSettings;
  try {
    let settings = noAdmissionSettings;
    for (const plugin of pluginsOf(await read(path))) {
      if (plugin.name !== 'PodSecurity') throw new Error(`plugin "${plugin.name ?? ''}" takes no configuration`);
      const document = plugin.path ? await read(resolve(dirname(path), plugin.path)) : plugin.configuration;
      settings = { ...settings, podSecurity: document ? parsePodSecurity(document) : noPodSecurity };
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
