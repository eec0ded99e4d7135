import { type ControllerDefinition, defineController, mapped } from '@keelson/runtime';
import { ClusterRole } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { planAggregation } from './plan.ts';

/** Keeps in each aggregated ClusterRole the rules of those that it selects. */
export function clusterRoleAggregationController(): ControllerDefinition {
  return defineController({
    name: 'ClusterRoleAggregator',
    reads: [ClusterRole],
    writes: [ClusterRole],
    // Whichever role changed, an aggregated one may select it now, or may have.
    triggers: [
      mapped(ClusterRole, (_role, stores) =>
        stores
          .of(ClusterRole)
          .list()
          .flatMap(({ aggregationRule, metadata }) => (aggregationRule && metadata.name ? [metadata.name] : [])),
      ),
    ],
    async reconcile(name, { of, api }) {
      const store = of(ClusterRole);
      const role = store.get(name);
      const wanted = role && planAggregation(role, store.list());
      try {
        if (wanted) await api.update(ClusterRole, wanted);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      return undefined;
    },
  });
}
