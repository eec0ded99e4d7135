import { hostname } from 'node:os';
import { isAbort, type Logger } from '@keelson/base';
import { type Api, createApi, loadKubeconfig, transportFor } from '@keelson/client';
import { type Component, type ComponentContext, leaderElectionStatus, serveSecurePort } from '@keelson/component';
import { issueTemporary } from '@keelson/pki';
import { createEventRecorder, createInformers, runElected } from '@keelson/runtime';
import { configKind, inert } from './config-file.ts';
import { options } from './options.ts';
import { defaultProfile, type Profile, readProfiles } from './profiles.ts';
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
    const { options: values, clock, log, signal } = context;
    const profiles = profilesOf(values, log);
    const transport = transportFor(loadKubeconfig(values.kubeconfig || undefined));
    const api = createApi(transport, { clock });
    try {
      await serveSecurePort(context, api, () => issueTemporary('kube-scheduler', { dnsNames: [hostname()] }, clock));
      const status = leaderElectionStatus(context.metrics);
      const tell = (name: string, leading: 0 | 1): void => status.set({ name }, leading);
      await runElected(context, api, hostname(), tell, (leading) => schedule(context, profiles, api, leading));
    } catch (error) {
      if (!(signal.aborted && (isAbort(error) || error === signal.reason))) throw error;
    } finally {
      transport.close();
    }
  },
};

async function schedule(
  { clock, random, log, metrics }: Context,
  profiles: readonly Profile[],
  api: Api,
  signal: AbortSignal,
): Promise<void> {
  const events = createEventRecorder({ api, component: profiles[0]?.name ?? '', clock, log, signal });
  const informers = createInformers({ api, clock, random, log });
  await createScheduler({ api, informers, clock, random, log, events, metrics, profiles }).run(signal);
}

function profilesOf(values: Context['options'], log: Logger): readonly Profile[] {
  if (!values.profiles) return [{ ...defaultProfile, name: values['scheduler-name'] }];
  const documents: Parameters<typeof readProfiles>[0] = JSON.parse(values.profiles);
  const told = documents.flatMap(({ pluginConfig }) => (pluginConfig ?? []).map(({ name }) => `pluginConfig ${name}`));
  if (told.length > 0) log.info('taken without effect', { options: told });
  return readProfiles(documents);
}
