import { forbidden } from '@keelson/machinery';
import type { AdmissionPlugin } from './types.ts';

/** Says yes, as saying nothing does. */
export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit' };

export const alwaysDeny: AdmissionPlugin = {
  name: 'AlwaysDeny',
  admit({ store, name }) {
    throw forbidden(store.groupResource, name, 'admission control is denying all modifications');
  },
};
