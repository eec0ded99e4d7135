import type { AuthorizerConfig } from './authorization.ts';

/** The `--authorization-*` flags; times in milliseconds. */
export interface AuthorizationFlags {
  readonly modes: readonly string[];
  readonly webhookConfigFile: string;
  readonly webhookVersion: string;
  readonly authorizedTTL: number;
  readonly unauthorizedTTL: number;
}

/** What holds when nobody says anything: upstream allows everything then, which no server of ours ever does. */
const defaultModes: readonly string[] = ['Node', 'RBAC'];
const known = ['Node', 'RBAC', 'Webhook', 'AlwaysAllow', 'AlwaysDeny'];
const timeout = 30_000;

/** The authorizers the flags name, in order. @throws Error in one sentence. */
export function authorizersFromFlags(flags: AuthorizationFlags): readonly AuthorizerConfig[] {
  const { modes: given, webhookConfigFile: kubeconfig, webhookVersion: version, authorizedTTL, unauthorizedTTL } = flags;
  const modes = given.length > 0 ? given : defaultModes;
  for (const [i, mode] of modes.entries()) {
    if (!known.includes(mode)) throw new Error(`--authorization-mode: "${mode}" is not a valid mode; use ${known.join(', ')}`);
    if (modes.indexOf(mode) < i) throw new Error(`--authorization-mode: "${mode}" is specified more than once`);
  }
  if (modes.includes('Webhook') && !kubeconfig) throw new Error("authorization-mode Webhook's authorization config file not passed");
  if (!modes.includes('Webhook') && kubeconfig) throw new Error('cannot specify --authorization-webhook-config-file without mode Webhook');
  if (!['v1', 'v1beta1'].includes(version)) throw new Error(`--authorization-webhook-version: "${version}" is unknown; use v1 or v1beta1`);
  const lives = { authorizedLife: authorizedTTL, unauthorizedLife: unauthorizedTTL };
  const webhook = { kubeconfig, version, timeout, ...lives, failurePolicy: 'NoOpinion' as const, matchConditions: [] };
  return modes.map((mode) =>
    mode === 'Webhook' ? { type: mode, name: 'default', webhook } : { type: mode as 'Node', name: mode.toLowerCase() },
  );
}
