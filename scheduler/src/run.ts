import { hostname } from 'node:os';
import { isAbort, type Logger } from '@keelson/base';
import { type Api, createApi, loadKubeconfig, transportFor } from '@keelson/client';
import { type Component, type ComponentContext, leaderElectionStatus, serveSecurePort, userAgent } from '@keelson/component';
import { issueTemporary } from '@keelson/pki';
import { createEventRecorder, createInformers, runElected } from '@keelson/runtime';
import { configKind, inert } from './config-file.ts';
import { readExtenders, resourcesOfExtenders } from './extenders/config.ts';
import { Extenders } from './extenders/extenders.ts';
import { askOverHttp } from './extenders/http.ts';
import { options } from './options.ts';
import { type Profile, readProfiles, takesArgs } from './profiles.ts';
import { type Delays, delaysOf } from './queue/queue.ts';
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
    const extenders = values.extenders ? readExtenders(JSON.parse(values.extenders)) : [];
    const profiles = profilesOf(values, resourcesOfExtenders(extenders), log);
    const delays = delaysOf(values);
    const asked = new Extenders(
      extenders.map((extender) => ({ extender, ask: askOverHttp(extender, clock) })),
      log,
    );
    const config = loadKubeconfig(values.kubeconfig || undefined);
    // The lease is renewed over `own`: never behind bindings.
    const own = transportFor(config, undefined, { userAgent: userAgent('kube-scheduler', 'leader-election') });
    const busy = transportFor(config, undefined, { userAgent: userAgent('kube-scheduler', 'scheduler'), joinWrites: true });
    const api = createApi(own, { clock });
    const parts = { profiles, delays, extenders: asked, api: createApi(busy, { clock }) };
    try {
      await serveSecurePort(context, api, () => issueTemporary('kube-scheduler', { dnsNames: [hostname()] }, clock));
      const status = leaderElectionStatus(context.metrics);
      const tell = (name: string, leading: 0 | 1): void => status.set({ name }, leading);
      await runElected(context, api, hostname(), tell, (leading) => schedule(context, parts, leading));
    } catch (error) {
      if (!(signal.aborted && (isAbort(error) || error === signal.reason))) throw error;
    } finally {
      for (const transport of [own, busy]) transport.close();
    }
  },
};

async function schedule(
  { clock, random, log, metrics }: Context,
  parts: { readonly profiles: readonly Profile[]; readonly delays: Delays; readonly extenders: Extenders; readonly api: Api },
  signal: AbortSignal,
): Promise<void> {
  const { api, profiles } = parts;
  const events = createEventRecorder({ api, component: profiles[0]?.name ?? '', clock, log, signal });
  const informers = createInformers({ api, clock, random, log });
  await createScheduler({ ...parts, informers, clock, random, log, events, metrics }).run(signal);
}

function profilesOf(values: Context['options'], ignored: readonly string[], log: Logger): readonly Profile[] {
  const said: Parameters<typeof readProfiles>[0] = values.profiles ? JSON.parse(values.profiles) : [];
  const documents = said.length > 0 ? said : [{ schedulerName: values['scheduler-name'] }];
  const names = documents.flatMap(({ pluginConfig }) => (pluginConfig ?? []).map(({ name = '' }) => name));
  const told = names.filter((name) => !takesArgs(name)).map((name) => `pluginConfig ${name}`);
  if (told.length > 0) log.info('taken without effect', { options: told });
  return readProfiles(documents, ignored);
}
