import type { Clock, Logger, Random } from '@keelson/base';
import type { Api } from '@keelson/client';
import type { EventRecorder, Informers } from '@keelson/runtime';
import type { Node, Pod } from '@keelson/types';
import type { ClusterDns, DnsSettings } from './config/dns.ts';
import type { Paths } from './config/paths.ts';
import type { Runtime } from './cri/types.ts';
import type { NodeDevices } from './devices/types.ts';
import type { EvictionSettings } from './eviction/manager.ts';
import type { NodeResources } from './eviction/signals.ts';
import type { Footprints } from './footprint/footprints.ts';
import type { KubeletMetrics } from './metrics.ts';
import type { MachineFacts } from './node/facts.ts';
import type { NodeIdentity } from './node/object.ts';
import type { Prober } from './probe/prober.ts';
import type { Drivers } from './volume/drivers.ts';
import type { Host } from './volume/host.ts';
import type { Cgroups } from './worker/cgroups.ts';

export interface KubeletConfig {
  readonly node: NodeIdentity;
  readonly paths: Paths;
  readonly cluster: ClusterDns;
  readonly resolvConf: DnsSettings;
  readonly hostsFile: string;
  readonly cgroupRoot: string;
  /** Directory of static pods; empty: none. */
  readonly manifests: string;
  readonly eviction: EvictionSettings;
  /** All pods together are bounded to what the node may give them. */
  readonly enforceAllocatable?: boolean;
  /** Kernel settings that pods may have beside the safe ones, or beginnings of them that end in `*`. */
  readonly unsafeSysctls?: readonly string[];
  /** How many heavy runtime calls run at a time. */
  readonly parallel: number;
}

/** The network the kubelet itself makes for pods. Absent from `KubeletDeps`: somebody else does, and the runtime says when it is ready. */
export interface PodNetwork {
  /** Makes pods of these ranges reachable on this node. Called again when the ranges change. */
  setUp(podCIDRs: readonly string[]): Promise<void>;
  /** Leads to the pods of the other nodes. Called whenever one of them changed. */
  connect(nodes: readonly Node[]): Promise<void>;
}

/** Everything a kubelet works with, so that thousands can live in one process. */
export interface KubeletDeps {
  readonly config: KubeletConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly api: Api;
  readonly informers: Informers;
  readonly events: EventRecorder;
  readonly runtime: Runtime;
  readonly host: Host;
  /** Absent: there are no storage drivers on this node. */
  readonly drivers?: Drivers | undefined;
  /** Absent: the node has none. */
  readonly devices?: NodeDevices | undefined;
  readonly prober: Prober;
  readonly machine: MachineFacts;
  readonly network?: PodNetwork | undefined;
  /** What the node has left; absent: never short. */
  measure?(): Promise<NodeResources>;
  /** Absent: the node has none, as a model has not. */
  readonly cgroups?: Cgroups;
  /** Frees what the node holds for a pod beyond files and the runtime. */
  release?(pod: Pod): Promise<void>;
  /** Removes what earlier kubelets left of pods other than these uids. */
  sweep?(known: ReadonlySet<string>): Promise<void>;
  /** Absent: it has its own. */
  readonly footprints?: Footprints;
  readonly metrics?: Pick<KubeletMetrics, 'countEviction' | 'countProbe' | 'relistSeconds'>;
}
