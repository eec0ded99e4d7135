import { hostname } from 'node:os';
import { isAbort } from '@keelson/base';
import { type Api, createApi, loadKubeconfig, transportFor } from '@keelson/client';
import { type Component, type ComponentContext, leaderElectionStatus, serveSecurePort } from '@keelson/component';
import { issueTemporary } from '@keelson/pki';
import { createEventRecorder, createInformers, runElected } from '@keelson/runtime';
import { configKind, inert } from './config-file.ts';
import { options } from './options.ts';
import { createScheduler } from './scheduler.ts';

type Options = typeof options;
type Context = ComponentContext<Options>;

/** kube-scheduler as a process. */
export const component: Component<Options> = {
  name: 'kube-scheduler',
  options,
  inert,
  configKind,
  async run(context) {
    const { options: values, clock, signal } = context;
    const transport = transportFor(loadKubeconfig(values.kubeconfig || undefined));
    const api = createApi(transport, { clock });
    try {
      await serveSecurePort(context, api, () => issueTemporary('kube-scheduler', { dnsNames: [hostname()] }, clock));
      const status = leaderElectionStatus(context.metrics);
      const tell = (name: string, leading: 0 | 1): void => status.set({ name }, leading);
      await runElected(context, api, hostname(), tell, (leading) => schedule(context, api, leading));
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
