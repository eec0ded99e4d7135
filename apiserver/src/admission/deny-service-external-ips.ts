import { forbidden } from '@keelson/machinery';
import { Service } from '@keelson/types';
import { isWriteOf } from './objects.ts';
import type { AdmissionPlugin } from './types.ts';

/** Services get no new external addresses; those they have they may keep. */
export const denyServiceExternalIPs: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  validate(attributes) {
    if (!isWriteOf(attributes, Service, 'CREATE', 'UPDATE')) return;
    const of = (service: Service | undefined): readonly string[] => service?.spec?.externalIPs ?? [];
    const present = of(attributes.old as Service | undefined);
    if (of(attributes.object as Service).every((address) => present.includes(address))) return;
    throw forbidden(attributes.store.groupResource, attributes.name, 'Use of external IPs is denied by admission control');
  },
};
