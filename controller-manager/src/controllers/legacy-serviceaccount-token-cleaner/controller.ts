import { type Clock, errorMessage } from '@keelson/base';
import { type ControllerDefinition, defineController, mapped, type ReconcileContext } from '@keelson/runtime';
import { ConfigMap, Namespace, Pod, Secret, ServiceAccount } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { invalidSince, planCleaning, today } from './plan.ts';

const between = 86_400_000;
const tracking = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' };

/** The only key: all tokens are looked at together. */
const everything = 'tokens';

/** Marks, then removes, service-account tokens in Secrets that nobody uses. `period` in milliseconds. */
export function legacyTokenCleaner(period: number, clock: Clock): ControllerDefinition {
  return defineController({
    name: 'legacy_service_account_token_cleaner',
    reads: [ConfigMap, Namespace, Pod, Secret, ServiceAccount],
    writes: [Secret],
    triggers: [
      // Something that every cluster has, to begin with; from then on it looks again by itself.
      mapped(Namespace, () => [everything], {
        when: ({ type, object }) => type === 'added' && object.metadata.name === tracking.namespace,
      }),
    ],
    workers: 1,
    async reconcile(_key, context) {
      const now = clock.now();
      const since = await trackedSince(context);
      if (since === undefined) throw new Error(`ConfigMap ${tracking.namespace}/${tracking.name} does not say since when use is noted`);
      const { of } = context;
      const { mark, remove } = planCleaning({
        secrets: of(Secret).list(),
        account: (namespace, name) => of(ServiceAccount).get(`${namespace}/${name}`),
        pods: (namespace) => of(Pod).list(namespace),
        ...{ now, period, since },
      });
      for (const secret of mark) await attempt(secret, context, () => markInvalid(secret, now, context));
      for (const secret of remove) await attempt(secret, context, () => removeToken(secret, context));
      return { again: between };
    },
  });
}

async function trackedSince({ api }: ReconcileContext): Promise<string | undefined> {
  try {
    return (await api.get(ConfigMap, tracking)).data?.since;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

async function markInvalid({ metadata }: Secret, now: number, { api }: ReconcileContext): Promise<void> {
  const { name = '', namespace, uid, resourceVersion } = metadata;
  const change = { metadata: { uid, resourceVersion, labels: { [invalidSince]: today(now) } } };
  await api.patch(Secret, { name, namespace }, 'application/merge-patch+json', change);
}

async function removeToken({ metadata }: Secret, { api }: ReconcileContext): Promise<void> {
  const { name = '', namespace, uid, resourceVersion } = metadata;
  await api.delete(Secret, { name, namespace }, { preconditions: { uid, resourceVersion } });
}

/** Never rejects: one that was used or changed meanwhile is looked at again tomorrow. */
async function attempt({ metadata }: Secret, { log }: ReconcileContext, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isGone(error)) log.warn(`failed to clean up legacy token ${metadata.namespace}/${metadata.name}: ${errorMessage(error)}`);
  }
}
