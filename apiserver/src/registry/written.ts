import type { FieldOwner } from '@keelson/machinery';
import type { Annotate } from '../audit/annotate.ts';
import type { UserInfo } from '../auth/types.ts';
import type { KindStore } from './kind-store.ts';
import type { Writable } from './writable.ts';

export interface WriteRequest {
  readonly namespace: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly subresource: string;
  /** What the request was given besides, as `CreateOptions` and the like have it; absent where no request came. */
  readonly options?: object | undefined;
  /** Kubernetes' own, as the request has it; absent where no request came. */
  readonly verb?: string;
  readonly warnings: string[];
  /** Tells the audit log more of the request; absent where nothing is audited. */
  readonly annotate?: Annotate | undefined;
  /** The version the client speaks; the stored one, unless told. */
  readonly requested?: KindStore;
  /**
   * Whose fields become what the write changes: the server's own unless told, `nobody` where Kubernetes keeps no account. An owner that
   * applies has done the account itself.
   */
  readonly owner?: FieldOwner | 'nobody';
}

/** What was written: the bytes clients read and the object they say. */
export interface Written {
  readonly wire: Buffer;
  readonly object: Writable;
  /** False when the update changed nothing, so that nothing was stored. */
  readonly changed: boolean;
}
