import type { Clock, Logger } from '@keelson/base';
import type { Api } from '@keelson/client';
import type { Node, Pod, Service } from '@keelson/types';
import type { Allocatable } from '../config/resourcefield.ts';
import type { NodeSettings } from '../config/sandbox.ts';
import type { Runtime } from '../cri/types.ts';
import type { PodDevices } from '../devices/types.ts';
import type { ImageManager } from '../image/images.ts';
import type { AdmissionFacts } from '../pod/admission.ts';
import type { Prober } from '../probe/prober.ts';
import type { ReferencedObjects } from '../source/objects.ts';
import type { Drivers } from '../volume/drivers.ts';
import type { Host } from '../volume/host.ts';
import type { Tokens } from '../volume/tokens.ts';
import type { Cgroups } from './cgroups.ts';
import type { Limiter } from './limiter.ts';
import type { Observer } from './observer.ts';
import type { Reporter } from './reporter.ts';

/** What operations on pods work with. */
export interface WorkerDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly api: Api;
  readonly runtime: Runtime;
  readonly observer: Observer;
  readonly images: ImageManager;
  readonly objects: ReferencedObjects;
  readonly tokens: Tokens;
  readonly host: Host;
  /** Absent: there are no storage drivers on this node. */
  readonly drivers?: Drivers | undefined;
  /** Absent: the node has none. */
  readonly devices?: PodDevices | undefined;
  readonly prober: Prober;
  readonly reporter: Reporter;
  /** Bounds calls that make the runtime work hard. */
  readonly limiter: Limiter;
  readonly node: NodeView;
  event(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void;
}

/** What pods see of their node; values may change while it runs. */
export interface NodeView {
  readonly settings: NodeSettings;
  readonly hostIPs: readonly string[];
  readonly allocatable: Allocatable;
  readonly cgroups: Cgroups;
  /** The node's own /etc/hosts. */
  readonly hostsFile: string;
  services(): readonly Service[];
  /** The Node itself; undefined while it is not registered. */
  object(): Node | undefined;
  /** By what pods are taken or turned away. */
  admission(): AdmissionFacts;
  /** Why pods cannot get a network now; undefined: they can. */
  networkProblem(): string | undefined;
  runtimeHandler(className: string): Promise<string>;
  /** Frees what the node itself holds for a pod that is gone: its cgroups. */
  release(pod: Pod): Promise<void>;
}
