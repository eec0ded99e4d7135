import type { KubeObject } from '@keelson/client';
import type { Level } from '../audit/policy.ts';
import type { UserInfo } from '../auth/types.ts';
import type { KindStore } from '../registry/kind-store.ts';
import type { Registry } from '../registry/registry.ts';
import type { Rounds } from './rounds.ts';

/** One write about to happen, as admission plugins see it. */
export interface AdmissionAttributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly store: KindStore;
  /** The version the client speaks; `store` unless told, in whose version the objects are. */
  readonly requested?: KindStore | undefined;
  /** Empty for the main resource. */
  readonly subresource: string;
  /** What the request asks for, `update` or `patch`; absent where no request came. */
  readonly verb?: string | undefined;
  readonly namespace: string;
  readonly name: string;
  /** What will be stored; mutating plugins change it in place. Absent on DELETE. */
  readonly object: KubeObject | undefined;
  /** The present object. Absent on CREATE. */
  readonly old: KubeObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** What the request was given besides, as `CreateOptions` and the like have it. */
  readonly options?: object | undefined;
  readonly registry: Registry;
  readonly warnings: string[];
  /** Tells the audit log more of the request; absent where nothing is audited. */
  readonly annotate?: Annotate | undefined;
  /** Of those who change it; absent where nobody may any more. */
  readonly rounds?: Rounds | undefined;
}

/** The first value of a key stays. Keys are qualified, `pod-security.kubernetes.io/exempt`. @param least told at this level and above. */
export type Annotate = (key: string, value: string, least?: Level) => void;

/** One admission plugin. Refuses by throwing a StatusError. */
export interface AdmissionPlugin {
  /** Kubernetes' own name, as in `--disable-admission-plugins`. */
  readonly name: string;
  admit?(attributes: AdmissionAttributes): Promise<void> | void;
  validate?(attributes: AdmissionAttributes): Promise<void> | void;
}
