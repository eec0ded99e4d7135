import type { Clock } from '@keelson/base';
import { type ControllerDefinition, createInformers, defineController, runControllers, self } from '@keelson/runtime';
import { Secret } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { tokenEnd, tokenNamespace, tokenType } from '../../bootstrap-tokens.ts';
import type { RunDeps } from '../types.ts';

/** Removes bootstrap tokens when they have expired. */
export function tokenCleanerController(clock: Clock): ControllerDefinition {
  return defineController({
    name: 'token_cleaner',
    reads: [Secret],
    writes: [Secret],
    triggers: [self(Secret)],
    workers: 1,
    async reconcile(key, { of, api }) {
      const secret = of(Secret).get(key);
      const end = secret && tokenEnd(secret);
      if (!secret || end === undefined) return undefined;
      if (end > clock.now()) return { again: end - clock.now() };
      const { name = '', namespace, uid = '' } = secret.metadata;
      try {
        await api.delete(Secret, { name, namespace }, { preconditions: { uid } });
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      return undefined;
    },
  });
}

/** Sees the tokens and no other Secrets: its service account may read those of their namespace alone. */
export async function runTokenCleaner(deps: RunDeps): Promise<void> {
  const informers = createInformers(deps);
  informers.for(Secret, { namespace: tokenNamespace, fieldSelector: `type=${tokenType}` });
  await runControllers([tokenCleanerController(deps.clock)], { ...deps, informers });
}
