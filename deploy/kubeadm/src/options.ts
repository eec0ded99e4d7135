import type { Validity } from '@keelson/deploy-local';
import type { Taint } from '@keelson/types';
import type { Fields } from './config/forms.ts';
import type { OutputForm } from './output.ts';

/** Of a machine whose kubelet's configuration may be changed. */
export interface Patched {
  /** Directory of the changes. */
  readonly patches?: string;
}

/** What `kubeadm init` was asked for. */
export interface InitOptions extends InitFile, Patched {
  readonly root: string;
  readonly apiserverAdvertiseAddress?: string;
  readonly apiserverBindPort: number;
  readonly apiserverCertExtraSans: readonly string[];
  readonly certDir: string;
  readonly certificateKey?: string;
  readonly controlPlaneEndpoint: string;
  readonly controllerManagerExtraArgs: readonly string[];
  readonly criSocket: string;
  readonly dryRun: boolean;
  readonly etcdServers: readonly string[];
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
  readonly ignorePreflightErrors: readonly string[];
  readonly nodeName: string;
  readonly overlay: boolean;
  readonly podNetworkCidr: string;
  readonly serviceCidr: string;
  readonly serviceDnsDomain: string;
  readonly skipPhases: readonly string[];
  readonly token?: string;
  /** Milliseconds; 0: for ever. */
  readonly tokenTtl: number;
  readonly uploadCerts: boolean;
}

/** What `kubeadm join` was asked for. */
export interface JoinOptions extends NodeFile, Patched {
  readonly root: string;
  readonly apiserverAdvertiseAddress?: string;
  readonly apiserverBindPort: number;
  readonly certificateKey?: string;
  readonly controlPlane: boolean;
  readonly criSocket: string;
  /** Kubeconfig that says where the cluster is and who its authority is. */
  readonly discoveryFile?: string;
  readonly discoveryToken?: string;
  readonly discoveryTokenCaCertHash: readonly string[];
  readonly discoveryTokenUnsafeSkipCaVerification: boolean;
  readonly dryRun: boolean;
  readonly ignorePreflightErrors: readonly string[];
  readonly nodeName: string;
  readonly skipPhases: readonly string[];
  readonly tlsBootstrapToken?: string;
  readonly token?: string;
}

/** What `kubeadm reset` was asked for. */
export interface ResetOptions {
  readonly root: string;
  /** Instead of the machine's own. */
  readonly certDir?: string;
  /** Empty: the machine's own. */
  readonly criSocket: string;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly ignorePreflightErrors: readonly string[];
}

/** What every command of `kubeadm upgrade` was asked for. */
export interface UpgradeOptions {
  readonly root: string;
  readonly ignorePreflightErrors: readonly string[];
}

/** What `kubeadm upgrade plan` was asked for. */
export interface PlanOptions extends UpgradeOptions {
  /** That of kubeadm, when absent. */
  readonly version?: string;
  readonly output: OutputForm;
  readonly printConfig: boolean;
}

/** What `kubeadm upgrade diff` was asked for. */
export interface DiffOptions extends UpgradeOptions {
  /** That of kubeadm, when absent. */
  readonly version?: string;
  readonly contextLines: number;
}

/** What `kubeadm upgrade node` was asked for. */
export interface UpgradeNodeOptions extends UpgradeOptions, Patched {
  readonly certificateRenewal: boolean;
  readonly dryRun: boolean;
  readonly skipPhases: readonly string[];
}

/** What `kubeadm upgrade apply` was asked for. */
export interface ApplyOptions extends UpgradeNodeOptions {
  readonly version?: string;
  readonly force: boolean;
  readonly printConfig: boolean;
  readonly yes: boolean;
}

/** What only a configuration file says of a machine. */
export interface NodeFile {
  /** Of the Node; undefined: those of its role. */
  readonly taints?: readonly Taint[];
  /** As `name=value`. */
  readonly kubeletExtraArgs?: readonly string[];
}

/** What only a configuration file says to init. Arguments as `name=value`. */
export interface InitFile extends NodeFile, Partial<Validity> {
  readonly apiServerExtraArgs?: readonly string[];
  readonly schedulerExtraArgs?: readonly string[];
  readonly clusterName?: string;
  readonly dnsDisabled?: boolean;
  readonly kubeProxyDisabled?: boolean;
  /** Instead of `token` and `tokenTtl`. */
  readonly bootstrapTokens?: readonly WantedToken[];
  /** The components' own documents. */
  readonly kubeletConfiguration?: Fields;
  readonly kubeProxyConfiguration?: Fields;
}

/** A bootstrap token that init is to make. */
export interface WantedToken {
  /** A new one, when absent. */
  readonly token?: string;
  readonly description?: string;
  /** Milliseconds; 0: for ever. */
  readonly ttl: number;
  /** Milliseconds since the epoch, instead of `ttl`. */
  readonly expires?: number;
  readonly usages: readonly string[];
  readonly groups: readonly string[];
}
