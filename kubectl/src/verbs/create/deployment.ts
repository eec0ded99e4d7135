import { type Random, randomSuffix } from '@keelson/base';
import type { Verb } from '../../types.ts';
import { commandOf, generator, nameOf, requireFlags } from './generator.ts';

export const verb: Verb = generator(
  'deployment NAME --image=image -- [COMMAND] [args...]',
  {
    image: { type: 'list', help: 'Image names to run. A deployment can have multiple images set for multiple containers' },
    port: { type: 'int', default: -1, help: 'The containerPort that this deployment exposes.' },
    replicas: { type: 'int', short: 'r', default: 1, help: 'Number of replicas to create. Default is 1.' },
  },
  (context) => {
    requireFlags(context, 'image');
    const { flags, path } = context;
    const { words, command } = commandOf(context);
    const name = nameOf({ args: words, path });
    if (flags.image.length > 1 && command.length > 0) throw new Error('cannot specify multiple --image options and command');
    const labels = { app: name };
    const containers = containersOf(flags.image, command, flags.port, context.shell.random);
    const template = { metadata: { labels }, spec: { containers } };
    const spec = { replicas: flags.replicas, selector: { matchLabels: labels }, strategy: {}, template };
    return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { labels, name }, spec, status: {} };
  },
);

function containersOf(images: readonly string[], command: readonly string[], port: number, random: Random): object[] {
  return images.map((image, i) => ({
    image,
    name: containerName(image, random),
    resources: {},
    ...(command.length > 0 ? { command: [...command] } : {}),
    ...(i === 0 && port >= 0 ? { ports: [{ containerPort: port }] } : {}),
  }));
}

/** The last part of the image's name, without tag or digest; made fit for a container's name, it gets an ending to be told apart by. */
function containerName(image: string, random: Random): string {
  const name = image.slice(image.lastIndexOf('/') + 1).replace(/[:@].*$/, '');
  return /[_.]/.test(name) ? `${name.replaceAll(/[_.]/g, '-')}-${randomSuffix(random)}` : name;
}
