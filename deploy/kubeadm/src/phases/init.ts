import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { applyAddons } from '@keelson/addons';
import type { Api } from '@keelson/client';
import { caHash, generateToken } from '@keelson/pki';
import { joinWords } from '../join-command.ts';
import type { Token } from '../objects/tokens.ts';
import type { InitOptions } from '../options.ts';
import { copyEtcdFiles, makeCertificates, makeKubeconfigs } from './certs.ts';
import { type Context, localServer, type Phase, stableServer, withApi } from './context.ts';
import { ensureKubeProxyAccount, startKubeProxy } from './kube-proxy.ts';
import { bindAdmins, makeJoinable, markControlPlane, uploadCertificates, uploadConfig } from './objects.ts';
import { keepRunning, prepareProcesses, startControlPlane, startServices, untilReady } from './processes.ts';

export interface InitContext extends Context {
  readonly options: Pick<InitOptions, 'uploadCerts' | 'etcdCafile' | 'etcdCertfile' | 'etcdKeyfile'>;
  /** Bootstrap tokens to make; machines join with the first. */
  readonly tokens: readonly [Token, ...Token[]];
  readonly certificateKey: string;
  readonly print: (text: string) => void;
}

/** What `kubeadm init` does, in order; the machine has been checked. */
export const initPhases: readonly Phase<InitContext>[] = [
  { name: 'certs', run: certs },
  {
    name: 'kubeconfig',
    run: (context) => makeKubeconfigs(context, ['admin', 'super-admin', 'kubelet', 'controller-manager', 'scheduler']),
  },
  { name: 'container-runtime', run: prepareProcesses },
  { name: 'control-plane', run: (context) => startControlPlane(context, 'super-admin') },
  { name: 'kubelet-start', run: kubeletStart },
  { name: 'upload-config', run: (context) => asAdmin(context, (api) => uploadConfig(context, api)) },
  { name: 'upload-certs', run: uploadCerts },
  { name: 'bootstrap-token', run: bootstrapToken },
  { name: 'kube-proxy', run: kubeProxy },
  { name: 'mark-control-plane', run: (context) => asAdmin(context, (api) => markControlPlane(context, api)) },
  { name: 'addon', run: addon },
  { name: 'keep-running', run: keepRunning },
  { name: 'show-join-command', run: showJoinCommand },
];

async function certs(context: InitContext): Promise<void> {
  await copyEtcdFiles(context, context.options);
  await makeCertificates(context);
}

async function kubeletStart(context: InitContext): Promise<void> {
  await withApi(context, 'super-admin', bindAdmins, localServer(context.machine));
  const since = context.clock.now();
  await startServices(context, ['kubelet']);
  await untilReady(context, since);
}

async function uploadCerts(context: InitContext): Promise<void> {
  if (!context.options.uploadCerts) return;
  await asAdmin(context, (api) => uploadCertificates(context, api, context.certificateKey, generateToken(context.random)));
  context.say(`the control plane's certificates are in the cluster for two hours, encrypted with ${context.certificateKey}`);
}

async function bootstrapToken(context: InitContext): Promise<void> {
  await asAdmin(context, (api) => makeJoinable(context, api, context.tokens));
}

async function kubeProxy(context: InitContext): Promise<void> {
  if (context.machine.cluster.kubeProxyDisabled) return;
  await asAdmin(context, async (api) => {
    await ensureKubeProxyAccount(api);
    await startKubeProxy(context, api);
  });
}

async function addon(context: InitContext): Promise<void> {
  const { addons } = context.machine.cluster;
  if (addons.length === 0) return;
  await asAdmin(context, (api) => applyAddons(api, addons));
  context.say(`applied ${addons.join(', ')}`);
}

async function showJoinCommand({ machine, layout, tokens, certificateKey, options, print }: InitContext): Promise<void> {
  const hash = caHash(await readFile(join(layout.pki, 'ca.crt'), 'utf8'));
  const token = `${tokens[0].id}.${tokens[0].secret}`;
  const target = { endpoint: new URL(stableServer(machine)).host, token, caHash: hash };
  const more = options.uploadCerts && machine.cluster.controlPlaneEndpoint !== '';
  const command = (of: Parameters<typeof joinWords>[0]): string => `  ${joinWords(of).join(' \\\n      ')}\n`;
  print(
    [
      '\nThe control plane is ready. To use it:\n\n',
      `  export KUBECONFIG=${layout.kubeconfig('admin')}\n\n`,
      ...(more ? ['More control planes join with:\n\n', command({ ...target, certificateKey }), '\n'] : []),
      'Machines join, as root, with:\n\n',
      command(target),
    ].join(''),
  );
}

function asAdmin(context: InitContext, use: (api: Api) => Promise<void>): Promise<void> {
  return withApi(context, 'admin', use, localServer(context.machine));
}
