import type { Pod } from '@keelson/types';
import type { CsiVolume } from '../csi/plan.ts';
import type { Fullness } from './host.ts';

/** What mounts volumes that are neither files nor mounts of the node's own: storage drivers. */
export interface Drivers {
  /** Mounts a volume at `target`, or shows it there as a device. Right to repeat. @throws Error in Kubernetes' words. */
  mount(pod: Pod, volume: CsiVolume, target: string): Promise<void>;
  /** Mounts once more what its driver wants to be mounted again and again (`requiresRepublish`). @throws Error in Kubernetes' words. */
  refresh(pod: Pod, volume: CsiVolume, target: string): Promise<void>;
  /** Has a mounted volume use all of the `bytes` it has by now, where its driver does that on nodes. @throws Error in the driver's words. */
  expand(volume: CsiVolume, target: string, bytes: number): Promise<void>;
  /** How full a mounted volume is; undefined where its driver does not say. @throws Error in the driver's words. */
  fullness(pod: Pod, volume: CsiVolume, target: string): Promise<Fullness | undefined>;
  /** The attached volumes that are mounted or about to be, by the names that the node's status has for them. */
  inUse(): Promise<readonly string[]>;
  /** Ends every mount drivers made in a pod's directory. Right to repeat. @throws Error while a driver does not answer. */
  unmountAll(podDirectory: string): Promise<void>;
}
