import { type ControllerDefinition, defineController, self } from '@keelson/runtime';
import { Node } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { levelFor, secondsAt, ttlAnnotation } from './plan.ts';

/** Tells each node, the more the larger the cluster, how long it may believe the Secrets and ConfigMaps it has read. */
export function ttlController(): ControllerDefinition {
  let level = 0;
  return defineController({
    name: 'ttlcontroller',
    reads: [Node],
    writes: [Node],
    triggers: [self(Node, ({ type }) => type !== 'deleted')],
    async reconcile(name, { of, api }) {
      level = levelFor(of(Node).size, level);
      const node = of(Node).get(name);
      const seconds = secondsAt(level);
      if (!node || node.metadata.annotations?.[ttlAnnotation] === seconds) return undefined;
      try {
        const change = { metadata: { annotations: { [ttlAnnotation]: seconds } } };
        await api.patch(Node, { name }, 'application/strategic-merge-patch+json', change);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      return undefined;
    },
  });
}
