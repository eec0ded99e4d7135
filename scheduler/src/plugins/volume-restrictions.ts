import type { Pod, Volume } from '@keelson/types';
import type { PodInfo } from '../cache/pod-info.ts';
import { claimsOf } from '../volumes/uses.ts';
import { always, eachOpen, type Plugin, type Question, type RowFilter } from './types.ts';

const name = 'VolumeRestrictions';

/** Disks that a node mounts once, and claims with access mode ReadWriteOncePod, which are one pod's at a time in the whole cluster. */
export const volumeRestrictions: Plugin = {
  name,
  scope: 'cluster',
  requeueOn: {
    NodeAdd: always,
    AssignedPodDelete: (info, { pod }) => sharesClaim(info, pod) || disksOf(info.pod).some((disk) => collides(disk, pod)),
    ClaimChange: ({ pod }, { key }) => claimsOf(pod).some((claim) => claim.key === key),
  },
  filter(question) {
    const filters = [disks(question), exclusiveClaims(question)].filter((filter) => filter !== undefined);
    if (filters.length === 0) return undefined;
    return (rows, verdicts) => {
      for (const filter of filters) filter(rows, verdicts);
    };
  },
};

function sharesClaim({ pod }: PodInfo, other: PodInfo): boolean {
  const used = new Set(claimsOf(other.pod).map(({ key }) => key));
  return claimsOf(pod).some(({ key }) => used.has(key));
}

function disks({ info, table, reasons }: Question): RowFilter | undefined {
  const wanted = disksOf(info.pod);
  if (wanted.length === 0) return undefined;
  const code = reasons.code(name, true, 'node(s) had no available disk');
  return eachOpen((row) => {
    for (const other of table.pods[row]?.values() ?? []) if (wanted.some((disk) => collides(disk, other))) return code;
    return 0;
  });
}

function disksOf({ spec }: Pod): readonly Volume[] {
  return (spec?.volumes ?? []).filter(
    ({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }) => gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd,
  );
}

function collides(wanted: Volume, { pod }: PodInfo): boolean {
  return (pod.spec?.volumes ?? []).some((used) => collide(wanted, used));
}

/** The same disk, unless both only read it; EBS volumes not even then. */
function collide(a: Volume, b: Volume): boolean {
  const [gce, otherGce] = [a.gcePersistentDisk, b.gcePersistentDisk];
  if (gce && otherGce) return gce.pdName === otherGce.pdName && !(gce.readOnly && otherGce.readOnly);
  const [ebs, otherEbs] = [a.awsElasticBlockStore, b.awsElasticBlockStore];
  if (ebs && otherEbs) return ebs.volumeID === otherEbs.volumeID;
  const [iscsi, otherIscsi] = [a.iscsi, b.iscsi];
  if (iscsi && otherIscsi) return iscsi.iqn === otherIscsi.iqn && !(iscsi.readOnly && otherIscsi.readOnly);
  const [rbd, other] = [a.rbd, b.rbd];
  if (!rbd || !other || (rbd.readOnly && other.readOnly)) return false;
  return (
    rbd.monitors.some((one) => other.monitors.includes(one)) && rbd.image === other.image && (rbd.pool ?? 'rbd') === (other.pool ?? 'rbd')
  );
}

function exclusiveClaims({ table, reasons, volumes }: Question): RowFilter | undefined {
  const exclusive = new Set(volumes?.exclusive);
  if (exclusive.size === 0) return undefined;
  const words = 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode';
  const code = reasons.code(name, true, words);
  const uses = ({ pod }: PodInfo): boolean => claimsOf(pod).some(({ key }) => exclusive.has(key));
  const used = [...table.rows].some((row) => [...(table.pods[row]?.values() ?? [])].some(uses));
  return used ? eachOpen(() => code) : undefined;
}
