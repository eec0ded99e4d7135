import type { Plugin } from './types.ts';

const mebibyte = 1024 * 1024;
/** Less than this is quickly pulled; more than this per image makes no further difference. */
const least = 23 * mebibyte;
const mostPerImage = 1000 * mebibyte;

/** Prefers nodes that hold the pod's images already, the more so the more nodes do, lest one node gets all pods of an image. */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  scope: 'row',
  weight: 1,
  score({ info, table }) {
    const bytes = new Map<string, number>();
    for (const image of info.images) {
      const holders = table.images.holders(image);
      if (!holders) continue;
      const share = Math.trunc(holders.bytes * (holders.nodes.size / table.count));
      for (const node of holders.nodes) bytes.set(node, (bytes.get(node) ?? 0) + share);
    }
    if (bytes.size === 0) return undefined;
    const most = mostPerImage * info.images.length;
    return {
      score(rows, scores) {
        for (const row of rows) {
          const sum = Math.min(Math.max(bytes.get(table.nameOf(row)) ?? 0, least), most);
          scores[row] = Math.trunc((100 * (sum - least)) / (most - least));
        }
      },
    };
  },
};
