import { errorMessage } from '@keelson/base';
import { StoreError } from '../types.ts';

/** What etcd or the way to it said, as the store says it. gRPC has no finer codes for these: the texts are etcd's interface. */
export function storeError(error: unknown, compactRevision?: number): StoreError {
  if (error instanceof StoreError) return error;
  const message = errorMessage(error);
  if (message.includes('required revision has been compacted')) {
    return new StoreError('compacted', message, { cause: error, ...(compactRevision !== undefined && { compactRevision }) });
  }
  if (message.includes('required revision is a future revision')) return new StoreError('future', message, { cause: error });
  return new StoreError('unavailable', message, { cause: error });
}

/** True when the request cannot have reached a server, so that even a write may be sent again. */
export function neverSent(error: unknown): boolean {
  return /No connection established|ECONNREFUSED/.test(errorMessage(error));
}

export function isLeaseLost(error: unknown): boolean {
  return errorMessage(error).includes('requested lease not found');
}
