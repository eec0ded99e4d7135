import { type Api, ApiError, type KubeObject } from '@keelson/client';
import type { Kind } from '@keelson/types';

/** Creates an object, or brings one that is there to this; what others added to it stays. @throws ApiError */
export async function put<T extends KubeObject>(api: Api, kind: Kind<T>, object: T): Promise<void> {
  try {
    await api.create(kind, object, { fieldManager: 'kubeadm' });
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
    const { name = '', namespace } = object.metadata;
    await api.patch(kind, { name, namespace }, 'application/merge-patch+json', object, { fieldManager: 'kubeadm' });
  }
}
