import type { Taint } from '@keelson/types';

/** A document nobody has looked at. */
export type Fields = Readonly<Record<string, unknown>>;

/** kubeadm's documents as far as they have an effect here; whatever was read by the forms of `kinds.ts` is of these. */

type Maybe<T> = { readonly [K in keyof T]?: T[K] };

/** v1beta3 writes arguments as a map. */
export type Arguments = Readonly<Record<string, string>> | readonly Maybe<{ name: string; value: string }>[];

export type Endpoint = Maybe<{ advertiseAddress: string; bindPort: number }>;

export type NodeRegistration = Maybe<{
  name: string;
  criSocket: string;
  taints: readonly Taint[];
  kubeletExtraArgs: Arguments;
  ignorePreflightErrors: readonly string[];
}>;

interface Common {
  nodeRegistration: NodeRegistration;
  skipPhases: readonly string[];
  dryRun: boolean;
  patches: Maybe<{ directory: string }>;
}

export type BootstrapTokenForm = Maybe<{
  token: string;
  description: string;
  ttl: string;
  expires: string;
  usages: readonly string[];
  groups: readonly string[];
}>;

export type InitForm = Maybe<
  Common & { bootstrapTokens: readonly BootstrapTokenForm[]; localAPIEndpoint: Endpoint; certificateKey: string }
>;

export type JoinForm = Maybe<
  Common & {
    discovery: Maybe<{
      bootstrapToken: Maybe<{
        token: string;
        apiServerEndpoint: string;
        caCertHashes: readonly string[];
        unsafeSkipCAVerification: boolean;
      }>;
      file: Maybe<{ kubeConfigPath: string }>;
      tlsBootstrapToken: string;
    }>;
    controlPlane: Maybe<{ localAPIEndpoint: Endpoint; certificateKey: string }>;
  }
>;

export type ResetForm = Maybe<{
  certificatesDir: string;
  criSocket: string;
  dryRun: boolean;
  force: boolean;
  ignorePreflightErrors: readonly string[];
}>;

export type UpgradeNodeForm = Maybe<{
  certificateRenewal: boolean;
  dryRun: boolean;
  ignorePreflightErrors: readonly string[];
  patches: Maybe<{ directory: string }>;
  skipPhases: readonly string[];
}>;

export type UpgradeForm = Maybe<{
  apply: UpgradeNodeForm & Maybe<{ kubernetesVersion: string; forceUpgrade: boolean; printConfig: boolean }>;
  diff: Maybe<{ kubernetesVersion: string; contextLines: number }>;
  node: UpgradeNodeForm;
  plan: Maybe<{ kubernetesVersion: string; ignorePreflightErrors: readonly string[]; printConfig: boolean }>;
}>;

type Component = Maybe<{ extraArgs: Arguments }>;
type Switch = Maybe<{ disabled: boolean }>;

export type ClusterForm = Maybe<{
  apiServer: Maybe<{ extraArgs: Arguments; certSANs: readonly string[] }>;
  controllerManager: Component;
  scheduler: Component;
  dns: Switch;
  proxy: Switch;
  etcd: Maybe<{
    local: object;
    external: Maybe<{ endpoints: readonly string[]; caFile: string; certFile: string; keyFile: string }>;
  }>;
  networking: Maybe<{ dnsDomain: string; podSubnet: string; serviceSubnet: string }>;
  caCertificateValidityPeriod: string;
  certificateValidityPeriod: string;
  certificatesDir: string;
  clusterName: string;
  controlPlaneEndpoint: string;
  kubernetesVersion: string;
}>;

/** Arguments as `name=value`, as flags give them. */
export function argumentsOf(given: Arguments | undefined): string[] {
  if (!given) return [];
  const pairs = Array.isArray(given)
    ? given.map(({ name, value }: { name?: string; value?: string }) => [name ?? '', value ?? ''])
    : Object.entries(given);
  return pairs.map(([name, value]) => `${name}=${value}`);
}
