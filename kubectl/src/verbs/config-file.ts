import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { defaultKubeconfigPath, type Kubeconfig, loadKubeconfig, readKubeconfigAsIs, writeKubeconfig } from '@keelson/client';
import type { Context } from '../types.ts';

/** The file that changes go to: `--kubeconfig`, else the first of `KUBECONFIG` that exists (or its last), else the default. */
export function configFile({ flags, shell }: Pick<Context, 'flags' | 'shell'>): string {
  const given = (flags as { readonly kubeconfig?: string }).kubeconfig;
  if (given) return given;
  const listed = shell.env.KUBECONFIG?.split(delimiter).filter(Boolean) ?? [];
  return listed.find((path) => existsSync(path)) ?? listed.at(-1) ?? defaultKubeconfigPath();
}

/** The configuration as it is written: none where `--kubeconfig` names a file that is not there yet. */
export function startingConfig({ flags, shell }: Pick<Context, 'flags' | 'shell'>): Kubeconfig {
  const given = (flags as { readonly kubeconfig?: string }).kubeconfig;
  if (given ? !existsSync(given) : shell.transport) return {};
  return loadKubeconfig(given, shell.env as NodeJS.ProcessEnv, readKubeconfigAsIs);
}

/** Reads the file, lets it be changed, and writes it. */
export function changeConfig(context: Pick<Context, 'flags' | 'shell'>, change: (config: Kubeconfig) => Kubeconfig): string {
  const path = configFile(context);
  writeKubeconfig(path, change(existsSync(path) ? readKubeconfigAsIs(path) : {}));
  return path;
}
