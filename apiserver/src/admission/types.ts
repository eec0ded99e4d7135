import type { PendingWrite } from '../registry/admission.ts';
import type { Registry } from '../registry/registry.ts';
import type { Rounds } from './rounds.ts';

/** One write about to happen, as admission plugins see it. */
export interface AdmissionAttributes extends PendingWrite {
  readonly registry: Registry;
  /** Of those who change it; absent where nobody may any more. */
  readonly rounds?: Rounds | undefined;
}

/** One admission plugin. Refuses by throwing a StatusError. */
export interface AdmissionPlugin {
  /** Kubernetes' own name, as in `--disable-admission-plugins`. */
  readonly name: string;
  admit?(attributes: AdmissionAttributes): Promise<void> | void;
  validate?(attributes: AdmissionAttributes): Promise<void> | void;
}
