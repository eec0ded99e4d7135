import { claimsOf } from '../volumes/uses.ts';
import { always, eachOpen, type Plugin } from './types.ts';

const name = 'NodeVolumeLimits';

/** A node takes no more volumes of a CSI driver than its CSINode says. */
export const nodeVolumeLimits: Plugin = {
  name,
  scope: 'cluster',
  requeueOn: {
    NodeAdd: always,
    CSINodeChange: (_, { object, before }) => !before || JSON.stringify(object.spec) !== JSON.stringify(before.spec),
    AttachmentDelete: always,
    AssignedPodDelete: (_, { pod }) => claimsOf(pod.pod).length > 0,
    ClaimChange: ({ pod }, { key }) => claimsOf(pod).some((claim) => claim.key === key),
  },
  filter({ table, reasons, volumes }) {
    if (!volumes) return undefined;
    const code = reasons.code(name, true, 'node(s) exceed max volume count');
    return eachOpen((row) => {
      const pods = () => [...(table.pods[row]?.values() ?? [])].map(({ pod }) => pod);
      return volumes.exceeds(table.nameOf(row), pods) ? code : 0;
    });
  },
};
