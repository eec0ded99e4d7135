import { fieldUnsupported, forbidden, formatFieldErrors } from '@keelson/machinery';
import { type Container, Pod } from '@keelson/types';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

/** Who may not fetch an image may not run it either, though some node has it. Pods that keep their images are left alone. */
export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  admit(attributes) {
    if (!concerns(attributes)) return;
    for (const [holder, member] of holders(attributes.object as Pod)) Object.assign(holder, { [member]: 'Always' });
  },
  validate(attributes) {
    if (!concerns(attributes)) return;
    const errors = holders(attributes.object as Pod)
      .filter(([holder, member]) => (holder as Readonly<Record<string, unknown>>)[member] !== 'Always')
      .map(([holder, member, at]) => fieldUnsupported(at, (holder as Readonly<Record<string, unknown>>)[member] ?? '', ['Always']));
    if (errors.length > 0) throw forbidden(attributes.store.groupResource, attributes.name, formatFieldErrors(errors));
  },
};

const members = ['containers', 'initContainers', 'ephemeralContainers'] as const;
const all = (pod: Pod) => members.flatMap((member) => (pod.spec[member] ?? []) as readonly Container[]);

function concerns({ store, operation, subresource, object, old }: AdmissionAttributes): boolean {
  if (store.kind.typeName !== Pod.typeName || (subresource !== '' && subresource !== 'ephemeralcontainers')) return false;
  if (operation === 'CREATE') return true;
  if (operation !== 'UPDATE') return false;
  const known = new Set(all(old as Pod).map(({ image }) => image));
  return all(object as Pod).some(({ image }) => !known.has(image));
}

/** Everything that has a pull policy, the name of that member, and where it is. */
function holders({ spec }: Pod): [holder: object, member: string, at: string][] {
  const containers = members.flatMap((member) =>
    (spec[member] ?? []).map((container, index) => [container, 'imagePullPolicy', `spec.${member}[${index}].imagePullPolicy`] as const),
  );
  const volumes = (spec.volumes ?? []).flatMap(({ image }, index) =>
    image ? [[image, 'pullPolicy', `spec.volumes[${index}].image.pullPolicy`] as const] : [],
  );
  return [...containers, ...volumes].map(([holder, member, at]) => [holder, member, at]);
}
