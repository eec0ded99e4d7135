import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { type Clock, isAbort } from '@keelson/base';
import { type Api, createApi, loadKubeconfig, transportFor } from '@keelson/client';
import {
  type Component,
  type ComponentContext,
  delegatedAuth,
  leaderElectionStatus,
  type OptionValues,
  serveHealth,
} from '@keelson/component';
import { createCA, issue } from '@keelson/pki';
import { createEventRecorder, createInformers, runWithLease } from '@keelson/runtime';
import { milliseconds, options } from './options.ts';
import { createScheduler } from './scheduler.ts';

type Options = typeof options;
type Context = ComponentContext<Options>;

/** kube-scheduler as a process. */
export const component: Component<Options> = {
  name: 'kube-scheduler',
  options,
  async run(context) {
    const { options: values, clock, signal } = context;
    const transport = transportFor(loadKubeconfig(values.kubeconfig || undefined));
    const api = createApi(transport, { clock });
    try {
      await serve(context, api);
      if (values['leader-elect']) await lead(context, api, (leading) => schedule(context, api, leading));
      else await schedule(context, api, signal);
    } catch (error) {
      if (!(signal.aborted && (isAbort(error) || error === signal.reason))) throw error;
    } finally {
      transport.close();
    }
  },
};

async function schedule({ options: values, clock, random, log, metrics }: Context, api: Api, signal: AbortSignal): Promise<void> {
  const schedulerName = values['scheduler-name'];
  const events = createEventRecorder({ api, component: schedulerName, clock, log, signal });
  const informers = createInformers({ api, clock, random, log });
  await createScheduler({ api, informers, clock, random, log, events, metrics, schedulerName }).run(signal);
}

async function lead(
  { options: values, clock, random, log, metrics, signal }: Context,
  api: Api,
  work: (leading: AbortSignal) => Promise<void>,
): Promise<void> {
  const name = values['leader-elect-resource-name'];
  const duration = (flag: 'lease-duration' | 'renew-deadline' | 'retry-period'): number =>
    milliseconds(`leader-elect-${flag}`, values[`leader-elect-${flag}`]);
  const election = {
    lease: { name, namespace: values['leader-elect-resource-namespace'] },
    identity: `${hostname()}_${random.uuid()}`,
    leaseDuration: duration('lease-duration'),
    renewDeadline: duration('renew-deadline'),
    retryPeriod: duration('retry-period'),
  };
  const status = leaderElectionStatus(metrics);
  status.set({ name }, 0);
  const working = async (leading: AbortSignal): Promise<void> => {
    status.set({ name }, 1);
    await work(leading).finally(() => status.set({ name }, 0));
  };
  await runWithLease(api, election, clock, log, signal, working, random);
}

async function serve({ options: values, clock, log, metrics, signal }: Context, api: Api): Promise<void> {
  if (values['secure-port'] === 0) return;
  const asker = values['authorization-kubeconfig'] || values['authentication-kubeconfig'];
  const auth = delegatedAuth({ api: asker ? createApi(transportFor(loadKubeconfig(asker)), { clock }) : api, clock, log });
  const server = await serveHealth({
    port: values['secure-port'],
    bindAddress: values['bind-address'],
    tls: await certificate(values, clock),
    ...(values['client-ca-file'] ? { clientCA: readFileSync(values['client-ca-file'], 'utf8') } : {}),
    metrics,
    log,
    checks: [],
    authorize: (request: IncomingMessage) => auth.check(request),
  });
  signal.addEventListener('abort', () => void server.close(), { once: true });
}

/** The one given, or one that lasts as long as this process will. */
async function certificate(values: OptionValues<Options>, clock: Clock): Promise<{ readonly cert: string; readonly key: string }> {
  const [cert, key] = [values['tls-cert-file'], values['tls-private-key-file']];
  if (cert) return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  const ca = await createCA({ commonName: 'kube-scheduler-ca', days: 365, clock });
  const made = await issue({
    commonName: 'kube-scheduler',
    dnsNames: ['localhost', hostname()],
    ips: ['127.0.0.1'],
    usages: ['server'],
    days: 365,
    clock,
    ca,
  });
  return { cert: made.certPem, key: made.keyPem };
}
