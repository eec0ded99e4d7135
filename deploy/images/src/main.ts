import { join, resolve } from 'node:path';
import { errorMessage, silentLogger } from '@keelson/base';
import { Command } from 'commander';
import { buildImages, checkContainerd, importImages, listImages } from './index.ts';

/*
 * npm run image -- load FILE.tar | ls | build
 */

interface Options {
  readonly dataDir: string;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const socketIn = ({ dataDir }: Options): string => join(resolve(dataDir), 'containerd', 'containerd.sock');
/** npm runs scripts in the root of the repository; a file is named from where the user stands. */
const fromHere = (file: string): string => resolve(process.env.INIT_CWD ?? '.', file);

const program = new Command('npm run image --').description('Container images on the nodes of a local cluster, with no registry');
const command = (text: string, summary: string): Command =>
  program.command(text).description(summary).option('--data-dir <dir>', 'where the cluster keeps its files', '.cluster');

command('load <file...>', 'put docker or OCI archives on the node').action(async (files: string[], options: Options) => {
  for (const ref of await importImages(socketIn(options), files.map(fromHere))) print(`loaded ${ref}`);
});

command('ls', 'list the images on the node').action(async (options: Options) => {
  await checkContainerd(socketIn(options));
  const images = await listImages(socketIn(options));
  const width = Math.max(5, ...images.map(({ ref }) => ref.length)) + 3;
  print(`${'IMAGE'.padEnd(width)}${'DIGEST'.padEnd(22)}SIZE`);
  for (const { ref, digest, size } of images) print(`${ref.padEnd(width)}${digest.slice(0, 19).padEnd(22)}${size}`);
});

command('build', 'build the images that come with Keelson, and put them on the node if it runs').action(async (options: Options) => {
  const tars = await buildImages(join(resolve(options.dataDir), 'images'), silentLogger);
  for (const path of tars) print(`built ${path}`);
  const running = await checkContainerd(socketIn(options)).then(
    () => true,
    () => false,
  );
  if (!running) return print('No cluster runs here: they are loaded when one starts.');
  for (const ref of await importImages(socketIn(options), tars)) print(`loaded ${ref}`);
});

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`image: ${errorMessage(error)}\n`);
  process.exitCode = 1;
}
