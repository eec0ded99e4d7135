import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { defaultKubeconfigPath, type Kubeconfig, readKubeconfig, writeKubeconfig } from '@keelson/client';
import type { Context } from '../types.ts';

/** The file that changes go to: `--kubeconfig`, else the first of `KUBECONFIG` that exists (or its last), else the default. */
export function configFile({ flags, shell }: Pick<Context, 'flags' | 'shell'>): string {
  const given = (flags as { readonly kubeconfig?: string }).kubeconfig;
  if (given) return given;
  const listed = shell.env.KUBECONFIG?.split(delimiter).filter(Boolean) ?? [];
  return listed.find((path) => existsSync(path)) ?? listed.at(-1) ?? defaultKubeconfigPath();
}

/** Reads the file, lets it be changed, and writes it. */
export function changeConfig(context: Pick<Context, 'flags' | 'shell'>, change: (config: Kubeconfig) => Kubeconfig): string {
  const path = configFile(context);
  writeKubeconfig(path, change(existsSync(path) ? readKubeconfig(path) : {}));
  return path;
}
