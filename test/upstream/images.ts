import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { broughtImages, type Image, imageArchive, type RunConfig, type TarEntry } from '@keelson/deploy-images';
import { Files, toolFiles } from './files.ts';
import type { Built } from './source.ts';

const tests = 'gcr.io/kubernetes-e2e-test-images';

/** An image of the suite: its name, what is laid on busybox, and what it runs. */
interface Recipe {
  readonly ref: string;
  readonly layers: readonly (readonly TarEntry[])[];
  readonly config: RunConfig;
}

/** The images the suite names, made of what was built and of this machine's own programs, since there may be no registry. */
export async function writeImages(built: Built, dir: string): Promise<string[]> {
  const [pause, busybox] = await broughtImages();
  if (!pause || !busybox) throw new Error('the catalogue begins with pause and busybox');
  const laid = ({ ref, layers, config }: Recipe): Image => ({
    ...busybox,
    refs: [ref],
    layers: [...busybox.layers, ...layers],
    config: { ...busybox.config, Cmd: [], ...config },
  });
  const images = [{ ...pause, refs: ['k8s.gcr.io/pause:3.2'] }, ...(await recipes(built)).map(laid)];
  return Promise.all(
    images.map(async (one, n) => {
      const file = join(dir, `${n}.tar`);
      await writeFile(file, imageArchive(one).archive);
      return file;
    }),
  );
}

async function recipes(built: Built): Promise<Recipe[]> {
  const { agnhost, nc = '', nnp = '', 'sample-apiserver': sample = '' } = built.programs;
  const { 'resource-consumer': consumer = '', 'regression-issue-74839': regression = '' } = built.programs;
  const tools = (await toolFiles(nc)).entries;
  const layers = [tools, await agnhostFiles(built.tree, agnhost ?? '')];
  return [
    { ref: 'k8s.gcr.io/e2e-test-images/agnhost:2.21', layers, config: { Entrypoint: ['/agnhost'], Cmd: ['pause'] } },
    { ref: `${tests}/jessie-dnsutils:1.0`, layers, config: { Cmd: ['sleep', '3600'] } },
    { ref: 'docker.io/library/busybox:1.29', layers: [], config: { Cmd: ['sh'] } },
    { ref: `${tests}/nonroot:1.0`, layers: [], config: { Cmd: ['id', '-u'], User: '1234' } },
    ...['38', '39'].map((minor) =>
      webServer(`docker.io/library/httpd:2.4.${minor}-alpine`, 'usr/local/apache2/htdocs', 'It works!', tools),
    ),
    ...['14', '15'].map((minor) => webServer(`docker.io/library/nginx:1.${minor}-alpine`, 'usr/share/nginx/html', 'Welcome', tools)),
    ...(await Promise.all(['kitten', 'nautilus'].map((name) => picture(name, built.tree, layers)))),
    { ref: `${tests}/ipc-utils:1.0`, layers: [await machinePrograms('ipcs', 'ipcmk')], config: { Cmd: ['sh'] } },
    {
      ref: 'k8s.gcr.io/build-image/debian-iptables:buster-v1.3.0',
      layers: [tools, await machinePrograms('conntrack', 'iptables')],
      config: { Cmd: ['sh'] },
    },
    await single(`${tests}/regression-issue-74839-amd64:1.0`, regression, { Entrypoint: ['/program'] }),
    await single(`${tests}/resource-consumer:1.5`, consumer, { Entrypoint: ['/program'] }),
    await single(`${tests}/nonewprivs:1.0`, nnp, { Entrypoint: ['/program'], User: '1000' }),
    await single(`${tests}/sample-apiserver:1.17`, sample, { Entrypoint: ['/program'] }),
    await single('k8s.gcr.io/etcd:3.4.13-0', 'etcd', { Cmd: ['/usr/local/bin/etcd'] }),
  ];
}

async function agnhostFiles(tree: string, agnhost: string): Promise<TarEntry[]> {
  const files = new Files();
  await files.copy(agnhost, 'agnhost');
  files.link('agnhost-2', 'agnhost');
  for (const name of ['localhost.crt', 'localhost.key']) await files.copy(join(tree, 'test/images/agnhost/porter', name), name);
  return files.entries;
}

function webServer(ref: string, folder: string, text: string, tools: readonly TarEntry[]): Recipe {
  const files = new Files();
  files.file(`${folder}/index.html`, `<html><body><h1>${text}</h1></body></html>\n`, 0o644);
  return { ref, layers: [tools, files.entries], config: { Cmd: ['/bin/busybox', 'httpd', '-f', '-p', '80', '-h', `/${folder}`] } };
}

async function picture(name: string, tree: string, below: Recipe['layers']): Promise<Recipe> {
  const folder = join(tree, 'test/images', name, 'html');
  const files = new Files();
  for (const file of await readdir(folder)) files.file(file, await readFile(join(folder, file)), 0o644);
  return { ref: `${tests}/${name}:1.0`, layers: [...below, files.entries], config: { Entrypoint: ['/agnhost', 'test-webserver'] } };
}

async function machinePrograms(...names: readonly string[]): Promise<TarEntry[]> {
  const files = new Files();
  for (const name of names) await files.program(name);
  return files.entries;
}

/** One program and what it is linked with, also under the name upstream's image of etcd has it. */
async function single(ref: string, program: string, config: RunConfig): Promise<Recipe> {
  const files = new Files();
  await files.program(program, 'program');
  files.link('usr/local/bin/etcd', '/program');
  return { ref, layers: [files.entries], config };
}
