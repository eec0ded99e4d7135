import { choose, reaches } from '../volumes/choose.ts';
import { eachOpen, type Plugin } from './types.ts';

const name = 'VolumeBinding';

/** The volumes of the pod's claims can be used on the node; what is not bound yet finds a volume there, or can be made. */
export const volumeBinding: Plugin = {
  name,
  scope: 'cluster',
  requeueOn: ['NodeAdd', 'NodeLabel', 'VolumeChange'],
  filter({ table, reasons, volumes }) {
    if (!volumes) return undefined;
    const { bound, delayed, candidates } = volumes;
    if (bound.length + delayed.length === 0) return undefined;
    const gone = reasons.code(name, false, 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');
    return eachOpen((row) => {
      const node = table.nodes[row];
      if (!node || bound.some((volume) => volume === undefined)) return gone;
      const words: string[] = [];
      if (bound.some((volume) => volume && !reaches(volume, node))) words.push("node(s) didn't match PersistentVolume's node affinity");
      if (!choose(delayed, candidates, node)) words.push("node(s) didn't find available persistent volumes to bind");
      return words.length === 0 ? 0 : reasons.code(name, false, ...words);
    });
  },
};
