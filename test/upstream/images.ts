import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Image, imageArchive, type RunConfig, type TarEntry } from '@keelson/deploy-images';
import { Files, plainFiles, toolFiles } from './files.ts';
import type { Built } from './source.ts';

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const tests = 'gcr.io/kubernetes-e2e-test-images';

function image(ref: string, layers: readonly (readonly TarEntry[])[], config: RunConfig): Image {
  return { refs: [ref], layers, architecture, config: { Env: [path], WorkingDir: '/', ...config } };
}

/** The images the suite names, made of what was built and of this machine's own programs, since there may be no registry. */
export async function writeImages(built: Built, dir: string): Promise<string[]> {
  const [plain, tools, agnhost] = [
    (await plainFiles()).entries,
    (await toolFiles(built.programs.nc ?? '')).entries,
    await agnhostFiles(built),
  ];
  const images = [
    image('k8s.gcr.io/e2e-test-images/agnhost:2.21', [tools, agnhost], { Entrypoint: ['/agnhost'], Cmd: ['pause'] }),
    image(`${tests}/jessie-dnsutils:1.0`, [tools, agnhost], { Cmd: ['sleep', '3600'] }),
    image('docker.io/library/busybox:1.29', [plain], { Cmd: ['sh'] }),
    image(`${tests}/nonroot:1.0`, [plain], { Cmd: ['id', '-u'], User: '1234' }),
    ...['38', '39'].map((minor) =>
      webServer(`docker.io/library/httpd:2.4.${minor}-alpine`, 'usr/local/apache2/htdocs', 'It works!', tools),
    ),
    ...['14', '15'].map((minor) => webServer(`docker.io/library/nginx:1.${minor}-alpine`, 'usr/share/nginx/html', 'Welcome', tools)),
    ...(await Promise.all(['kitten', 'nautilus'].map((name) => picture(name, built, [tools, agnhost])))),
    await single('k8s.gcr.io/pause:3.2', '/usr/bin/catatonit', { Entrypoint: ['/program', '-P'] }),
    await single(`${tests}/nonewprivs:1.0`, built.programs.nnp ?? '', { Entrypoint: ['/program'], User: '1000' }),
    await single(`${tests}/sample-apiserver:1.17`, built.programs['sample-apiserver'] ?? '', { Entrypoint: ['/program'] }),
    await single('k8s.gcr.io/etcd:3.4.13-0', 'etcd', { Cmd: ['/usr/local/bin/etcd'] }),
  ];
  return Promise.all(
    images.map(async (one, n) => {
      const file = join(dir, `${n}.tar`);
      await writeFile(file, imageArchive(one).archive);
      return file;
    }),
  );
}

async function agnhostFiles({ programs, tree }: Built): Promise<TarEntry[]> {
  const files = new Files();
  await files.copy(programs.agnhost ?? '', 'agnhost');
  files.link('agnhost-2', 'agnhost');
  for (const name of ['localhost.crt', 'localhost.key']) await files.copy(join(tree, 'test/images/agnhost/porter', name), name);
  return files.entries;
}

function webServer(ref: string, folder: string, text: string, tools: readonly TarEntry[]): Image {
  const files = new Files();
  files.file(`${folder}/index.html`, `<html><body><h1>${text}</h1></body></html>\n`, 0o644);
  return image(ref, [tools, files.entries], { Cmd: ['/bin/busybox', 'httpd', '-f', '-p', '80', '-h', `/${folder}`] });
}

async function picture(name: string, { tree }: Built, below: readonly (readonly TarEntry[])[]): Promise<Image> {
  const folder = join(tree, 'test/images', name, 'html');
  const files = new Files();
  for (const file of await readdir(folder)) files.file(file, await readFile(join(folder, file)), 0o644);
  return image(`${tests}/${name}:1.0`, [...below, files.entries], { Entrypoint: ['/agnhost', 'test-webserver'] });
}

/** One program and what it is linked with, also under the name upstream's image of etcd has it. */
async function single(ref: string, program: string, config: RunConfig): Promise<Image> {
  const files = await plainFiles();
  await files.program(program, 'program');
  files.link('usr/local/bin/etcd', '/program');
  return image(ref, [files.entries], config);
}
