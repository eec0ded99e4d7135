/** What `kubeadm init` was asked for. */
export interface InitOptions {
  readonly root: string;
  readonly apiserverAdvertiseAddress?: string;
  readonly apiserverBindPort: number;
  readonly apiserverCertExtraSans: readonly string[];
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
export interface JoinOptions {
  readonly root: string;
  readonly apiserverAdvertiseAddress?: string;
  readonly apiserverBindPort: number;
  readonly certificateKey?: string;
  readonly controlPlane: boolean;
  readonly criSocket: string;
  readonly discoveryToken?: string;
  readonly discoveryTokenCaCertHash: readonly string[];
  readonly discoveryTokenUnsafeSkipCaVerification: boolean;
  readonly dryRun: boolean;
  readonly ignorePreflightErrors: readonly string[];
  readonly nodeName: string;
  readonly tlsBootstrapToken?: string;
  readonly token?: string;
}
