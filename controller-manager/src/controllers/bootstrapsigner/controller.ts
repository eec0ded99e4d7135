import type { Clock } from '@keelson/base';
import { signDetached } from '@keelson/pki';
import { type ControllerDefinition, createInformers, defineController, mapped, runControllers } from '@keelson/runtime';
import { ConfigMap, Secret } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { signingToken, tokenEnd, tokenNamespace, tokenType } from '../../bootstrap-tokens.ts';
import type { RunDeps } from '../types.ts';
import { withSignatures } from './plan.ts';

const namespace = 'kube-public';
const name = 'cluster-info';
const clusterInfo = `${namespace}/${name}`;

/** Signs what the ConfigMap `kube-public/cluster-info` says of the cluster with each bootstrap token, for machines that know only a token. */
export function bootstrapSignerController(clock: Clock): ControllerDefinition {
  return defineController({
    name: 'bootstrapsigner',
    reads: [ConfigMap, Secret],
    writes: [ConfigMap],
    triggers: [mapped(ConfigMap, () => [clusterInfo]), mapped(Secret, () => [clusterInfo])],
    workers: 1,
    async reconcile(key, { of, api, log }) {
      const present = of(ConfigMap).get(key);
      const kubeconfig = present?.data?.kubeconfig;
      if (present && kubeconfig === undefined) log.warn(`No kubeconfig key in ${name} configmap`);
      if (!present || kubeconfig === undefined) return undefined;
      const now = clock.now();
      const secrets = of(Secret).list();
      const tokens = secrets.flatMap((secret) => signingToken(secret, now) ?? []);
      const wanted = withSignatures(present, new Map(tokens.map((token) => [token.id, signDetached(kubeconfig, token)])));
      try {
        if (wanted) await api.update(ConfigMap, wanted);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      const next = Math.min(...secrets.map((secret) => tokenEnd(secret) ?? Infinity).filter((end) => end > now));
      return next === Infinity ? undefined : { again: next - now };
    },
  });
}

/** Sees one ConfigMap and the tokens, and nothing else: its service account may read no others. */
export async function runBootstrapSigner(deps: RunDeps): Promise<void> {
  const informers = createInformers(deps);
  informers.for(ConfigMap, { namespace, fieldSelector: `metadata.name=${name}` });
  informers.for(Secret, { namespace: tokenNamespace, fieldSelector: `type=${tokenType}` });
  await runControllers([bootstrapSignerController(deps.clock)], { ...deps, informers });
}
