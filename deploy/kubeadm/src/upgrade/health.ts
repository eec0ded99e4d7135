import { createApi, httpTransport, readText } from '@keelson/client';
import type { Problem } from '../preflight/plan.ts';
import type { Service } from '../services/plan.ts';
import type { ClusterState } from './state.ts';

/** What keeps a cluster from being upgraded, under upstream's names of checks. @param healthz what the API server answers */
export function clusterProblems({ nodes }: Pick<ClusterState, 'nodes'>, healthz: string): Problem[] {
  const away = nodes.filter(({ isControlPlane, isReady }) => isControlPlane && !isReady).map(({ name }) => name);
  return [
    ...(healthz === 'ok'
      ? []
      : [{ check: 'APIServerHealth', message: `the API Server is unhealthy; /healthz didn't return "ok" but ${JSON.stringify(healthz)}` }]),
    ...(away.length === 0
      ? []
      : [{ check: 'ControlPlaneNodesReady', message: `there are NotReady control-planes in the cluster: [${away.join(' ')}]` }]),
  ];
}

const ports: Readonly<Record<string, string>> = { 'kube-controller-manager': '10257', 'kube-scheduler': '10259' };

/** Where a process of the machine says whether it is well; undefined: it is asked otherwise. */
export function healthUrl({ name, args }: Service): string | undefined {
  const usual = ports[name];
  if (usual === undefined) return undefined;
  const of = (flag: string): string | undefined => args.findLast((arg) => arg.startsWith(`--${flag}=`))?.slice(flag.length + 3);
  const address = of('bind-address') ?? '';
  return `https://${/^(0\.0\.0\.0|::|)$/.test(address) ? '127.0.0.1' : address}:${of('secure-port') ?? usual}/healthz`;
}

/** Whether a process of this machine says that it is well. Its certificate is its own: nobody is trusted with anything. */
export async function isWell(url: string): Promise<true | undefined> {
  const { origin, pathname } = new URL(url);
  const transport = httpTransport({ server: origin, insecureSkipTLSVerify: true });
  try {
    const response = await createApi(transport).raw({ method: 'GET', path: pathname });
    await readText(response);
    return response.status === 200 ? true : undefined;
  } finally {
    transport.close();
  }
}
