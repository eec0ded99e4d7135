import { CSIDriver, PersistentVolume, PersistentVolumeClaim, Pod, type TokenRequest } from '@keelson/types';
import type { Services } from '../../http/services.ts';
import type { Registry } from '../../registry/registry.ts';
import type { NodeWrite } from './node-write.ts';

type Volume = NonNullable<Pod['spec']['volumes']>[number];

/**
 * A kubelet asks tokens only for those whom a volume of the pod names, itself or by its driver, or whom a role names: the verb
 * `request-serviceaccounts-token-audience` on the audience, as if that were a resource. No audience stands for this server's own.
 */
export async function checkAudience(write: NodeWrite, authorize: Services['authorize']): Promise<void> {
  const { object, registry, namespace, name, user, refuse } = write;
  const { audiences = [], boundObjectRef } = (object as TokenRequest).spec ?? {};
  if (audiences.length > 1) refuse('node may only request 0 or 1 audiences');
  const [audience = ''] = audiences;
  const pod = registry.read(Pod, namespace, boundObjectRef?.name ?? '');
  const asked = (volume: Volume): boolean => audiencesOf(registry, pod as Pod, volume).includes(audience);
  if (pod?.spec.volumes?.some(asked)) return;
  const verb = 'request-serviceaccounts-token-audience';
  const wanted = { user, verb, isResource: true, path: '', group: '', version: '*', resource: audience, subresource: '', namespace, name };
  if ((await authorize(wanted)).type === 'allow') return;
  refuse(`audience "${audience}" not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`);
}

function audiencesOf(registry: Registry, { metadata }: Readonly<Pod>, volume: Volume): string[] {
  const { projected, csi, persistentVolumeClaim: claim, ephemeral } = volume;
  if (projected) return (projected.sources ?? []).flatMap(({ serviceAccountToken: token }) => (token ? [token.audience ?? ''] : []));
  if (csi) return driverAudiences(registry, csi.driver);
  const name = claim ? claim.claimName : ephemeral && `${metadata.name}-${volume.name}`;
  if (name === undefined) return [];
  const { volumeName = '' } = registry.read(PersistentVolumeClaim, metadata.namespace ?? '', name)?.spec ?? {};
  return driverAudiences(registry, registry.read(PersistentVolume, '', volumeName)?.spec.csi?.driver);
}

function driverAudiences(registry: Registry, driver = ''): string[] {
  return (registry.read(CSIDriver, '', driver)?.spec.tokenRequests ?? []).map(({ audience }) => audience ?? '');
}
