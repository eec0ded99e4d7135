import type { AdmissionAttributes } from '../types.ts';

/** A write by a kubelet. */
export interface NodeWrite extends AdmissionAttributes {
  /** The kubelet's own. */
  readonly node: string;
  /** Throws Forbidden, giving the reason. */
  readonly refuse: (why: string) => never;
}
