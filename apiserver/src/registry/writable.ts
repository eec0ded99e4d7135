import type { KubeObject } from '@keelson/client';
import type { ObjectMeta } from '@keelson/types';

/** An object whose metadata is at hand. */
export type Writable = KubeObject & { metadata: ObjectMeta; spec?: unknown; status?: unknown };
