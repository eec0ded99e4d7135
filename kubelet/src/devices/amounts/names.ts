import { isQualifiedName } from '@keelson/machinery';

/** Whether a resource can be a plugin's: not one of Kubernetes' own, and such that a quota can be asked for it. */
export function isExtendedResource(name: string): boolean {
  const native = !name.includes('/') || /(^|\.)kubernetes\.io\//.test(name);
  return !native && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`).length === 0;
}

/** The plugin interface that the kubelet speaks. */
export const version = 'v1beta1';
