import type { KubeObject } from '@keelson/client';
import type { Annotate } from '../audit/annotate.ts';
import type { UserInfo } from '../auth/types.ts';
import type { KindStore } from './kind-store.ts';

/** Who is asked before each write. Refuses by throwing a StatusError. */
export interface Admission {
  /** May change the object in place. */
  admit(write: PendingWrite): Promise<void>;
  /** Is shown what will be stored. */
  validate(write: PendingWrite): Promise<void>;
}

/** One write about to happen, or a connection about to be made. */
export interface PendingWrite {
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
  /** What will be stored; changed in place by who admits it. Absent on DELETE. */
  readonly object: KubeObject | undefined;
  /** The present object. Absent on CREATE. */
  readonly old: KubeObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** What the request was given besides, as `CreateOptions` and the like have it. */
  readonly options?: object | undefined;
  readonly warnings: string[];
  /** Tells the audit log more of the request; absent where nothing is audited. */
  readonly annotate?: Annotate | undefined;
}
